import { openStateDict } from '@edm2/tensor-files';
import { type ParameterSpec, type StateDict, toFileShape } from '@edm2/tensor-files/tfjs';

/** Names that an error lists before it only counts. */
const NAMES_IN_ERROR = 5;

/** Counters of the batch normalisations, without effect; some files leave them out. */
const isCounter = (name: string): boolean => name.endsWith('.num_batches_tracked');

/**
 * Reads a network's weights from a file with the published names (`.safetensors`, `.pth`), and checks that every tensor is there in its shape.
 *
 * @param path - file.
 * @param parameters - the network's.
 * @returns the state dict that `fromStateDict` takes.
 * @throws {RangeError} when the ending is not read, or tensors are missing, extra or misshapen; it names them.
 * @throws {SafetensorsParseError | PickleParseError} when the file is damaged.
 */
export async function readWeights(path: string, parameters: readonly ParameterSpec[]): Promise<StateDict> {
  const file = await openStateDict(path);
  try {
    const wanted = new Map(parameters.map(({ name, shape }) => [name, toFileShape(shape)]));
    for (const [name, kind] of file.opaque)
      throw new RangeError(
        `readWeights: expected ${name} of plain numbers in ${path}, got ${kind}. Save the network's state_dict() with plain tensors.`,
      );
    const missing = [...wanted.keys()].filter((name) => !file.entries.has(name) && !isCounter(name));
    const extra = [...file.entries.keys()].filter((name) => !wanted.has(name));
    if (missing.length + extra.length > 0) {
      throw new RangeError(
        `readWeights: expected the ${wanted.size} tensors of the network in ${path}, got ${describe('missing', missing)}${missing.length * extra.length > 0 ? ' and ' : ''}${describe('extra', extra)}. Is it this network's file?`,
      );
    }
    const dict: StateDict = {};
    for (const [name, shape] of wanted) {
      if (isCounter(name)) {
        dict[name] = { shape: [], data: new Float32Array(1) };
        continue;
      }
      const found = file.entries.get(name)?.shape ?? [];
      if (found.length !== shape.length || found.some((side, i) => side !== shape[i])) {
        throw new RangeError(
          `readWeights: expected ${name} of shape [${shape}] in ${path}, got [${found}]. Is it this network's file?`,
        );
      }
      const { data } = await file.readFloat32(name);
      const bad = data.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new RangeError(
          `readWeights: expected finite ${name} in ${path}, got ${data[bad]}. Save the network again.`,
        );
      }
      dict[name] = { shape: [...found], data };
    }
    return dict;
  } finally {
    await file.close();
  }
}

function describe(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const rest = names.length > NAMES_IN_ERROR ? ` and ${names.length - NAMES_IN_ERROR} more` : '';
  return `${what} ${names.slice(0, NAMES_IN_ERROR).join(', ')}${rest}`;
}
