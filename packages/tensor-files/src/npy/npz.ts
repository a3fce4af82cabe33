import { open } from 'node:fs/promises';
import { readZipDirectory } from '../zip/directory.js';
import { readZipEntry } from '../zip/entries.js';
import { zipBytes } from '../zip/reader.js';
import { ZipError, type ZipErrorCode } from '../zip/zip-error.js';
import { type NpyArray, parseNpy } from './npy.js';
import { NpyParseError } from './parse-error.js';

/** Most arrays of an archive; those that are exchanged (statistics, feature sets) hold a few. */
export const MAX_NPZ_ARRAYS = 10_000;

/** Most bytes of all arrays together, inflated, when nothing else is asked for: a small archive can claim to inflate without end. */
export const MAX_NPZ_BYTES = 4 * 1024 ** 3;

/** Options of {@link readNpz}. */
export interface ReadNpzOptions {
  /** Most bytes of all arrays together, inflated. Default 4 GiB. */
  readonly maxBytes?: number;
}

/**
 * Reads an npz archive, stored or deflated. The archive must be whole and at one with itself: unique names, members' own headers as the
 * directory says (sizes that follow the data, as a streamed archive has them, are the directory's), sizes and CRCs as they are.
 *
 * @param source - a path, or the archive's bytes.
 * @returns arrays by name without `.npy`, in the archive's order.
 * @throws {NpyParseError} when the archive or a member is damaged, too large, encrypted, or of a type that is not read.
 * @throws {Error} of the file system when it cannot be opened.
 */
export async function readNpz(
  source: string | Uint8Array,
  { maxBytes = MAX_NPZ_BYTES }: ReadNpzOptions = {},
): Promise<Record<string, NpyArray>> {
  const file = typeof source === 'string' ? source : '<bytes>';
  const handle = typeof source === 'string' ? await open(source) : undefined;
  const place = (field: string) => ({ file, offset: 0, field });
  try {
    const entries = await readZipDirectory(source, { maxEntries: MAX_NPZ_ARRAYS }).catch((error) => {
      throw asParseError(place('archive'), error);
    });
    const zip = handle ?? zipBytes(source as Uint8Array);
    const arrays = new Map<string, NpyArray>();
    let left = maxBytes;
    for (const [member, entry] of entries) {
      const name = member.replace(/\.npy$/, '');
      if (arrays.has(name)) {
        const text = `expected unique names, got ${name} twice. Save it again.`;
        throw new NpyParseError('duplicate-name', place(member), text);
      }
      if (entry.uncompressedSize > left) {
        const text = `expected at most ${maxBytes} bytes, got more. Raise maxBytes if you trust the file.`;
        throw new NpyParseError('too-large', place(member), text);
      }
      const bytes = await readZipEntry(zip, entry, { maxBytes: left }).catch((error) => {
        throw asParseError(place(member), error);
      });
      left -= entry.uncompressedSize;
      arrays.set(name, parseNpy(bytes, `${file}:${member}`));
    }
    return Object.fromEntries(arrays);
  } finally {
    await handle?.close();
  }
}

/** Damage in words as an error of ours; the file system's own stay. */
function asParseError(place: { file: string; offset: number; field: string }, error: unknown): Error {
  if (!(error instanceof ZipError)) return error instanceof Error ? error : new Error(String(error));
  const code =
    error.code === 'duplicate-name' || error.code === 'crc' || error.code === 'too-large' ? error.code : 'zip';
  const remedy = REMEDIES[error.code] ?? 'Fetch or save the file again';
  return new NpyParseError(code, place, `expected an intact zip of arrays, got ${error.message}. ${remedy}.`, error);
}

/** What helps against faults that are no damage. */
const REMEDIES: Partial<Record<ZipErrorCode, string>> = {
  encrypted: 'Save the arrays without a password',
  method: 'Save the arrays with numpy.savez',
  parts: 'Join the parts first',
};
