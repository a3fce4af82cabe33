import { toFloat32 } from '@edm2/tensor-files';
import { isFloat } from './float-type.js';
import { openModel } from './open-stored.js';
import type { Snapshot } from './snapshot.js';
import type { SnapshotSet } from './snapshots.js';
import type { StoredFile } from './stored-file.js';

/** Values read at a time. */
const PIECE = 1 << 16;

/** A tensor of the results that is not averaged. */
export interface CopiedTensor {
  readonly name: string;
  /** Where it comes from: the newest snapshot, or the model's own checkpoint. */
  readonly file: StoredFile;
  readonly why: CopyReason;
}

/**
 * Why a tensor is copied: its type is not floating-point; it holds whole numbers only, in a file whose tool stores integers and booleans
 * as floating-point numbers; the model's checkpoint has it as integers or booleans.
 */
export type CopyReason = 'type' | 'whole' | 'model';

/**
 * Tensors that no average is made of. ema-pytorch stores every entry as `checkpoint_dtype`, counters, indices and masks too.
 *
 * @param snapshots - those that averages are made of, the newest last.
 * @param model - checkpoint of the model itself, which knows its integers.
 * @throws {RangeError} when the model is another network's.
 */
export async function copiedTensors(
  set: Pick<SnapshotSet, 'entries'>,
  snapshots: readonly Snapshot[],
  model: StoredFile | undefined,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, CopiedTensor>> {
  const newest = snapshots.at(-1)?.file as StoredFile;
  const theirs = snapshots.at(-1)?.source === 'ema-pytorch';
  const copied = new Map<string, CopiedTensor>();
  if (model) checkModel(set, model);
  for (const [name, { dtype }] of set.entries) {
    const known = model?.entries.get(name);
    if (known && !isFloat(known.dtype)) copied.set(name, { name, file: model as StoredFile, why: 'model' });
    else if (!isFloat(dtype)) copied.set(name, { name, file: newest, why: 'type' });
    else if (theirs && !known && (await isWhole(name, snapshots, signal)))
      copied.set(name, { name, file: newest, why: 'whole' });
  }
  return copied;
}

function checkModel({ entries }: Pick<SnapshotSet, 'entries'>, model: StoredFile): void {
  for (const [name, { shape }] of entries) {
    const known = model.entries.get(name);
    if (known?.shape.join() !== shape.join())
      throw new RangeError(
        `reconstructFiles: expected ${name} of shape [${shape}] in the model's checkpoint ${model.path}, got ${known ? `[${known.shape}]` : 'none'}. It belongs to another network.`,
      );
  }
}

/** Whether a tensor holds whole numbers, infinities and NaN only, in every snapshot. */
async function isWhole(
  name: string,
  snapshots: readonly Snapshot[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // The newest first: most tensors show there what they are, by their first numbers.
  for (const { file } of [...snapshots].reverse()) {
    const { dtype = 'F32', shape = [] } = file.entries.get(name) ?? {};
    const size = shape.reduce((product, side) => product * side, 1);
    for (let begin = 0; begin < size; ) {
      signal?.throwIfAborted();
      const end = Math.min(begin === 0 ? 64 : begin + PIECE, size);
      const data = await file.readRange(name, begin, end);
      const values = data instanceof Float64Array ? data : toFloat32(data, dtype);
      if (values.some((value) => Number.isFinite(value) && !Number.isInteger(value))) return false;
      begin = end;
    }
  }
  return true;
}

/** Opens the model's checkpoint, if there is one; `close` does nothing without. */
export async function openGivenModel(
  path: string | undefined,
  allow: readonly string[] | undefined,
): Promise<{ file?: StoredFile; close(): Promise<void> }> {
  if (path === undefined) return { close: async () => undefined };
  const file = await openModel(path, allow);
  return { file, close: file.close };
}

const listed = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');

/** Why tensors were copied from a file, in words that begin a line. */
const WHY: Readonly<Record<CopyReason, (file: StoredFile, first: string) => string>> = {
  type: ({ path }) => `copied from ${path}, since they are not floating-point`,
  model: ({ path }) => `copied from the model's checkpoint ${path}, where they are integers or booleans`,
  whole: ({ path, entries }, first) => {
    const stored = `integers or booleans that ema-pytorch stored as ${entries.get(first)?.dtype}`;
    return `copied from ${path} as stored, since they hold whole numbers only (${stored})`;
  },
};

const MODEL_HAS_THEM = '; a checkpoint of the model itself (option model) has them in their own types';

/** What was copied, in words. */
export function copiesInWords(copied: Iterable<CopiedTensor>): string[] {
  const all = [...copied];
  return (['type', 'model', 'whole'] as const).flatMap((why) => {
    const tensors = all.filter((each) => each.why === why);
    const [first] = tensors;
    if (!first) return [];
    const names = listed(tensors.map(({ name }) => name));
    return [`${WHY[why](first.file, first.name)}: ${names}${why === 'whole' ? MODEL_HAS_THEM : ''}`];
  });
}
