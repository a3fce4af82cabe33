import { MAX_MODULE_DEPTH, MAX_STATE_TENSORS } from './limits.js';
import { TORCH_GLOBALS } from './torch.js';
import { TorchTensor } from './torch-tensor.js';
import { OpaqueTensor, PickleObject, type PickleValue } from './values.js';

/** The call that NVIDIA's tools store a network, an encoder or a loss as. */
const PERSISTENT = 'torch_utils.persistence._reconstruct_persistent_obj';

/** Names that a network snapshot of NVIDIA's EDM2 uses. */
export const SNAPSHOT_GLOBALS: readonly string[] = [
  ...TORCH_GLOBALS,
  'dnnlib.util.EasyDict',
  'torch.nn.modules.container.ModuleDict',
  'torch.nn.modules.container.ModuleList',
  PERSISTENT,
];

/** An object's class and fields. */
export interface PickledInstance {
  /** Name without the module. */
  readonly className: string;
  readonly state: ReadonlyMap<PickleValue, PickleValue>;
}

/**
 * Class and fields of a pickled object: of one that NVIDIA's tools made persistent, or of a plain one.
 *
 * @returns undefined for another value, or an object without named fields.
 */
export function pickledInstance(value: PickleValue | undefined): PickledInstance | undefined {
  if (!(value instanceof PickleObject)) return undefined;
  if (value.global !== PERSISTENT)
    return value.state instanceof Map
      ? { className: value.global.replace(/^.*\./, ''), state: value.state }
      : undefined;
  const [meta] = value.args;
  if (!(meta instanceof Map)) return undefined;
  const [className, state] = [meta.get('class_name'), meta.get('state')];
  return typeof className === 'string' && state instanceof Map ? { className, state } : undefined;
}

/**
 * Parameters and buffers of a pickled module and its submodules, by the names of its state dict.
 *
 * @throws {RangeError} when the value is no module, a name is missing, or modules are nested without end.
 */
export function moduleState(module: PickleValue | undefined): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  const open = new Set<PickleValue>();
  const walk = (value: PickleValue | undefined, prefix: string): void => {
    const state = pickledInstance(value)?.state;
    if (!state) throw failure(`a module at ${prefix || 'the top'}`, 'another value');
    if (open.has(value as PickleValue) || open.size >= MAX_MODULE_DEPTH)
      throw failure('modules that end', `${prefix} inside itself`);
    open.add(value as PickleValue);
    const passed = state.get('_non_persistent_buffers_set');
    for (const kind of ['_parameters', '_buffers'])
      for (const [name, tensor] of entriesOf(state.get(kind), prefix)) {
        if (tensor === null || (kind === '_buffers' && passed instanceof Set && passed.has(name))) continue;
        if (!(tensor instanceof TorchTensor))
          throw failure(`a tensor at ${prefix}${name}`, tensor instanceof OpaqueTensor ? tensor.kind : 'another value');
        if (tensors.size >= MAX_STATE_TENSORS) throw failure(`at most ${MAX_STATE_TENSORS} tensors`, 'more');
        tensors.set(prefix + name, tensor);
      }
    for (const [name, child] of entriesOf(state.get('_modules'), prefix))
      if (child !== null) walk(child, `${prefix}${name}.`);
    open.delete(value as PickleValue);
  };
  walk(module, '');
  return tensors;
}

function entriesOf(value: PickleValue | undefined, prefix: string): [string, PickleValue][] {
  if (value === undefined) return [];
  if (!(value instanceof Map)) throw failure(`names and values at ${prefix || 'the top'}`, 'another value');
  return [...value].map(([name, entry]) => {
    if (typeof name !== 'string') throw failure(`names of text at ${prefix || 'the top'}`, String(name));
    return [name, entry];
  });
}

const failure = (expected: string, got: string): RangeError =>
  new RangeError(`moduleState: expected ${expected}, got ${got}. Is the file a pickled network?`);
