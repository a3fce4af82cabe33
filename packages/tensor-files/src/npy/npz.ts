import yauzl from 'yauzl';
import { crc32 } from './crc32.js';
import { type NpyArray, parseNpy } from './npy.js';
import { type NpyErrorCode, NpyParseError } from './parse-error.js';

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
 * Reads an npz archive, stored or deflated, and checks each member's CRC.
 *
 * @param source - a path, or the archive's bytes.
 * @returns arrays by name without `.npy`, in the archive's order.
 * @throws {NpyParseError} when the archive or a member is damaged, too large, or of a type that is not read.
 * @throws {Error} of the file system when it cannot be opened.
 */
export async function readNpz(
  source: string | Uint8Array,
  { maxBytes = MAX_NPZ_BYTES }: ReadNpzOptions = {},
): Promise<Record<string, NpyArray>> {
  const file = typeof source === 'string' ? source : '<bytes>';
  const fail = (code: NpyErrorCode, field: string, text: string, cause?: unknown): NpyParseError =>
    new NpyParseError(code, { file, offset: 0, field }, text, cause);
  const arrays = new Map<string, NpyArray>();
  let zip: yauzl.ZipFile | undefined;
  let left = maxBytes;
  try {
    zip = await openZip(source);
    if (zip.entryCount > MAX_NPZ_ARRAYS) {
      throw fail(
        'too-large',
        'entries',
        `expected at most ${MAX_NPZ_ARRAYS} arrays, got ${zip.entryCount}. Split the archive.`,
      );
    }
    for await (const entry of zip.eachEntry()) {
      const member = entry.fileName;
      const name = member.replace(/\.npy$/, '');
      if (arrays.has(name))
        throw fail('duplicate-name', member, `expected unique names, got ${member} twice. Save it again.`);
      if (entry.uncompressedSize > left) {
        throw fail(
          'too-large',
          member,
          `expected at most ${maxBytes} bytes, got more. Raise maxBytes if you trust the file.`,
        );
      }
      left -= entry.uncompressedSize;
      const chunks: Buffer[] = [];
      let crc = 0;
      for await (const chunk of await zip.openReadStreamPromise(entry)) {
        crc = crc32(chunk, crc);
        chunks.push(chunk);
      }
      if (crc !== entry.crc32) {
        throw fail(
          'crc',
          member,
          `expected CRC ${hex(entry.crc32)}, got ${hex(crc)}. The file is damaged: fetch it again.`,
        );
      }
      arrays.set(name, parseNpy(Buffer.concat(chunks), `${file}:${member}`));
    }
  } catch (error) {
    const isOurs = error instanceof NpyParseError || (error instanceof Error && 'syscall' in error);
    if (isOurs) throw error;
    throw fail(
      'zip',
      'archive',
      `expected a zip of arrays, got ${String(error)}. Fetch or save the file again.`,
      error,
    );
  } finally {
    zip?.close();
  }
  return Object.fromEntries(arrays);
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

function openZip(source: string | Uint8Array): Promise<yauzl.ZipFile> {
  const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true };
  if (typeof source === 'string') return yauzl.openPromise(source, options);
  return yauzl.fromBufferPromise(Buffer.from(source.buffer, source.byteOffset, source.byteLength), options);
}
