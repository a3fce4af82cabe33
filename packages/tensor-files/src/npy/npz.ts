import type { NpyArray } from './npy-array.js';
import { openNpz } from './npz-file.js';
import { NpyParseError } from './parse-error.js';

/** Most bytes of all arrays together, inflated, when nothing else is asked for: a small archive can claim to inflate without end. */
const MAX_NPZ_BYTES = 4 * 1024 ** 3;

/** Options of {@link readNpz}. */
export interface ReadNpzOptions {
  /** Most bytes of all arrays together, inflated. Default 4 GiB. */
  readonly maxBytes?: number;
}

/**
 * Reads an npz archive, stored or deflated. The archive must be whole and at one with itself: unique names, members' own headers as the
 * directory says (sizes that follow the data, as a streamed archive has them, are the directory's), sizes and CRCs as they are.
 *
 * A member that holds something else than numbers (texts, Python objects, records, a file that is no array) does not keep the others from
 * being read: its name is there, and taking its value throws the error that says what it is. `openNpz` reads texts, and arrays of any size.
 *
 * @param source - a path, or the archive's bytes.
 * @returns arrays by name without `.npy`, in the archive's order.
 * @throws {NpyParseError} when the archive or a member is damaged, too large, encrypted, or of another kind.
 * @throws {Error} of the file system when it cannot be opened.
 */
export async function readNpz(
  source: string | Uint8Array,
  { maxBytes = MAX_NPZ_BYTES }: ReadNpzOptions = {},
): Promise<Record<string, NpyArray>> {
  const file = await openNpz(source);
  try {
    const arrays: Record<string, NpyArray> = {};
    let left = maxBytes;
    for (const [name, { problem, byteLength }] of file.entries) {
      if (byteLength > left) {
        const text = `expected at most ${maxBytes} bytes, got more. Raise the limit if you trust the file, or read it piece by piece.`;
        throw new NpyParseError('too-large', { file: file.path, offset: 0, field: `${name}.npy` }, text);
      }
      left -= byteLength;
      if (problem) {
        await file.verify({ names: [name] });
        if (problem.code !== 'dtype' && problem.code !== 'not-npy') throw problem;
      }
      const value = problem ? undefined : await file.read(name);
      Object.defineProperty(arrays, name, {
        enumerable: true,
        configurable: true,
        ...(value
          ? { value, writable: true }
          : {
              get: () => {
                throw problem;
              },
            }),
      });
    }
    return arrays;
  } finally {
    await file.close();
  }
}
