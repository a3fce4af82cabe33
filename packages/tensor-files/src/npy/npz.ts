import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { Entry } from 'yauzl';
import { checkZipHeader, readZipDirectory, readZipEntry, type ZipReader, zipBytes } from '../zip/entries.js';
import { crc32 } from './crc32.js';
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

const inflate = promisify(inflateRaw);

/** The ways in which members are stored, as zips number them. */
const STORED = 0;
const DEFLATED = 8;

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
    const size = typeof source === 'string' ? (await handle?.stat())?.size : source.length;
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
      left -= entry.uncompressedSize;
      const bytes = await readMember(zip, entry, size ?? 0).catch((error) => {
        throw asParseError(place(member), error);
      });
      const crc = crc32(bytes);
      if (crc !== entry.crc32) {
        const text = `expected CRC ${hex(entry.crc32)}, got ${hex(crc)}. The file is damaged: fetch it again.`;
        throw new NpyParseError('crc', place(member), text);
      }
      arrays.set(name, parseNpy(bytes, `${file}:${member}`));
    }
    return Object.fromEntries(arrays);
  } finally {
    await handle?.close();
  }
}

/** A member's bytes; memory is asked for only where the archive has as many. @throws {Error} (rejects) with the damage in words. */
async function readMember(zip: ZipReader, entry: Entry, size: number): Promise<Uint8Array> {
  const { compressionMethod, compressedSize, uncompressedSize } = entry;
  if (entry.isEncrypted()) throw new Error('an encrypted member');
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw new Error(`a member of compression method ${compressionMethod}`);
  if ((await checkZipHeader(zip, entry)) + compressedSize > size)
    throw new Error('a member that goes past the end of the file');
  if (compressionMethod === STORED && compressedSize !== uncompressedSize)
    throw new Error(`a stored member of ${compressedSize} bytes for ${uncompressedSize}`);
  const raw = await readZipEntry(zip, entry);
  if (compressionMethod === STORED) return raw;
  // One byte more than there may be, so that a longer one shows; zlib allows no limit of 0.
  const bytes = await inflate(raw, { maxOutputLength: uncompressedSize + 1 });
  if (bytes.length !== uncompressedSize)
    throw new Error(`a member that inflates to ${bytes.length} bytes, not ${uncompressedSize}`);
  return bytes;
}

/** Damage in words as an error of ours; the file system's own stay. */
function asParseError(place: { file: string; offset: number; field: string }, error: unknown): Error {
  if (error instanceof Error && 'syscall' in error) return error;
  const reason = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
  const code = /^two entries named/.test(reason) ? 'duplicate-name' : 'zip';
  return new NpyParseError(
    code,
    place,
    `expected an intact zip of arrays, got ${reason}. Fetch or save the file again.`,
    error,
  );
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
