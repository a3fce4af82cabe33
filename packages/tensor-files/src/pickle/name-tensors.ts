import { TorchTensor } from './torch-tensor.js';
import { OpaqueTensor, PickleObject, type PickleValue } from './values.js';

/** Levels of containers that names reach into. */
const MAX_NAMED_DEPTH = 64;

/** Gives the tensors of a value the keys that lead to them as names, and their file; of several ways to one tensor, the first. */
export function nameTensors(value: PickleValue, file: string): void {
  const seen = new Set<PickleValue>();
  const walk = (item: PickleValue | undefined, path: string, depth: number): void => {
    if (typeof item !== 'object' || item === null || seen.has(item) || depth > MAX_NAMED_DEPTH) return;
    seen.add(item);
    if (item instanceof TorchTensor || item instanceof OpaqueTensor) item.name = path;
    if (item instanceof TorchTensor) item.file = file;
    for (const [key, part] of partsOf(item)) {
      const text = typeof key === 'string' || typeof key === 'number' ? String(key) : '?';
      walk(part, path === '' || text === '' ? path + text : `${path}.${text}`, depth + 1);
    }
  };
  walk(value, '', 0);
}

/** What a value contains, with its keys. */
function* partsOf(value: PickleValue): Generator<readonly [PickleValue, PickleValue | undefined]> {
  if (Array.isArray(value)) yield* value.entries();
  else if (value instanceof Map) yield* value;
  else if (value instanceof OpaqueTensor) yield* value.parts.entries();
  else if (value instanceof PickleObject) {
    yield* value.args.entries();
    yield* value.entries;
    yield* value.items.entries();
    yield ['', value.state]; // attributes stand under the object's own name
  }
}
