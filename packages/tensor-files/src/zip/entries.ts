import { constants } from 'node:buffer';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { crc32 } from '../npy/crc32.js';
import { HEADER, type ZipEntry } from './directory.js';
import { IN_ZIP64 } from './end-record.js';
import { readAt, type ZipReader } from './reader.js';
import { ZipError } from './zip-error.js';

const HEADER_SIGNATURE = 0x04034b50;
/** Flag of an entry that needs a password. */
const ENCRYPTED = 1;
/** Flag of an entry that was written without knowing its size: the header's fields may be 0, the true ones follow the data. */
const SIZES_FOLLOW = 8;

/** The ways in which entries are stored, as zips number them. */
export const STORED = 0;
const DEFLATED = 8;

const inflate = promisify(inflateRaw);

/**
 * Compares an entry's own header with the directory.
 *
 * @param reader - the zip, open.
 * @param entry - of `readZipDirectory`.
 * @returns where its data begins.
 * @throws {ZipError} (rejects) with the damage in words.
 */
export async function checkZipHeader(reader: ZipReader, entry: ZipEntry): Promise<number> {
  const header = await readAt(reader, entry.headerOffset, HEADER + entry.nameLength);
  if (header.readUInt32LE(0) !== HEADER_SIGNATURE)
    throw new ZipError('damaged', 'no entry header where the directory points');
  const nameLength = header.readUInt16LE(26);
  if (nameLength !== entry.nameLength || crc32(header.subarray(HEADER)) !== entry.nameCrc32)
    throw new ZipError('damaged', 'an entry header that bears another name');
  checkFields(header, entry);
  return entry.headerOffset + HEADER + nameLength + header.readUInt16LE(28);
}

/** What the header repeats of the directory; reading needs it from there alone, but where the two differ one of them is damaged. */
function checkFields(header: Buffer, entry: ZipEntry): void {
  const { compressionMethod, compressedSize, uncompressedSize } = entry;
  const later = (entry.flags & SIZES_FOLLOW) !== 0;
  const fields = [
    ['compression method', header.readUInt16LE(8), compressionMethod, []],
    ['CRC-32', header.readUInt32LE(14), entry.crc32, later ? [0] : []],
    ['compressed size', header.readUInt32LE(18), compressedSize, later ? [0, IN_ZIP64] : [IN_ZIP64]],
    ['size', header.readUInt32LE(22), uncompressedSize, later ? [0, IN_ZIP64] : [IN_ZIP64]],
  ] as const;
  for (const [name, here, there, unset] of fields)
    if (here !== there && !unset.some((value) => value === here))
      throw new ZipError('damaged', `an entry header with ${name} ${here} where the directory has ${there}`);
}

/**
 * Checks that an entry can be read.
 *
 * @throws {ZipError} `'encrypted'`, `'method'`, or `'damaged'` when its sizes contradict each other.
 */
export function checkZipEntry({ flags, compressionMethod, compressedSize, uncompressedSize }: ZipEntry): void {
  if ((flags & ENCRYPTED) !== 0) throw new ZipError('encrypted', 'an encrypted entry');
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw new ZipError('method', `an entry of compression method ${compressionMethod}`);
  if (compressionMethod === STORED && compressedSize !== uncompressedSize)
    throw new ZipError('damaged', `a stored entry of ${compressedSize} bytes for ${uncompressedSize}`);
}

/**
 * An entry's content, inflated where it is deflated, and compared with its size and CRC-32. Memory is asked for only within `maxBytes`,
 * and for what is stored only where the file has as many bytes.
 *
 * @param maxBytes - most bytes of the content.
 * @throws {ZipError} (rejects) with the damage in words.
 */
export async function readZipEntry(
  reader: ZipReader,
  entry: ZipEntry,
  { maxBytes }: { readonly maxBytes: number },
): Promise<Uint8Array> {
  checkZipEntry(entry);
  const { compressedSize, uncompressedSize: size } = entry;
  // Both are claims of the file. Deflate adds at most a few bytes per 64 KiB, so honest entries pass the second test.
  const claimed = compressedSize > maxBytes + maxBytes / 1024 + 1024 ? compressedSize : size;
  if (claimed >= constants.MAX_LENGTH)
    throw new ZipError('too-large', `an entry of ${claimed} bytes, more than Node.js holds at once,`);
  if (claimed > maxBytes) throw new ZipError('too-large', `an entry of ${claimed} bytes, more than ${maxBytes},`);
  const raw = await readAt(reader, await checkZipHeader(reader, entry), compressedSize);
  const data = entry.compressionMethod === STORED ? raw : await inflated(raw, size);
  const crc = crc32(data);
  if (crc !== entry.crc32) throw new ZipError('crc', `CRC-32 ${hex(crc)} where the directory has ${hex(entry.crc32)}`);
  return data;
}

async function inflated(raw: Buffer, size: number): Promise<Uint8Array> {
  // One byte more than there may be, so that a longer one shows; zlib allows no limit of 0.
  const data = await inflate(raw, { maxOutputLength: size + 1 }).catch((cause: unknown) => {
    throw new ZipError('damaged', `data that do not inflate to ${size} bytes`, cause);
  });
  if (data.length !== size)
    throw new ZipError('damaged', `an entry that inflates to ${data.length} bytes, not ${size}`);
  return data;
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
