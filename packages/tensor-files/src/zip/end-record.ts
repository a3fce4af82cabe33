import { readAt, type ZipReader } from './reader.js';
import { ZipError } from './zip-error.js';

const END_SIGNATURE = 0x06054b50;
const END_RECORD = 22;
const LOCATOR64_SIGNATURE = 0x07064b50;
const LOCATOR64 = 20;
const END64_SIGNATURE = 0x06064b50;
const END64_RECORD = 56;
/** A comment's length has 16 bits. */
const MAX_COMMENT = 0xffff;
/** A size or place that stands in a zip64 field instead. */
export const IN_ZIP64 = 0xffffffff;

/** What a zip's end says of its directory. */
export interface ZipEnd {
  /** Number of entries; without zip64 fields modulo 65,536, since macOS counts on beyond. */
  readonly count: number;
  /** Bytes of the directory. */
  readonly size: number;
  /** Where the directory begins. */
  readonly start: number;
  /** Where the first end record begins: the directory must be over. */
  readonly end: number;
  readonly isZip64: boolean;
  /** Whether places beyond 4 GiB are given modulo that, as macOS writes them. */
  readonly wraps: boolean;
}

/**
 * Finds and reads the end of a zip.
 *
 * @throws {ZipError} (rejects) when there is none or it contradicts itself.
 */
export async function readZipEnd(reader: ZipReader, fileSize: number): Promise<ZipEnd> {
  const tailLength = Math.min(fileSize, LOCATOR64 + END_RECORD + MAX_COMMENT);
  const tailAt = fileSize - tailLength;
  const tail = await readAt(reader, tailAt, tailLength);
  const at = findEnd(tail);
  const [disk, firstDisk, here, count] = [4, 6, 8, 10].map((field) => tail.readUInt16LE(at + field)) as Four;
  const [size, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  const position = tailAt + at;
  if (at >= LOCATOR64 && tail.readUInt32LE(at - LOCATOR64) === LOCATOR64_SIGNATURE) {
    const place = readCount(tail, at - LOCATOR64 + 8, 'a place of the zip64 end record');
    return readEnd64(reader, place, position - LOCATOR64);
  }
  checkParts(disk, firstDisk, here, count);
  // Above 4 GiB macOS's Archive Utility writes all places modulo 2³² instead of zip64 fields; the directory ends where this record begins.
  const wraps = position > IN_ZIP64 && (position - size - offset) % 2 ** 32 === 0;
  const start = wraps ? position - size : offset;
  if (start + size > position)
    throw new ZipError('damaged', `an end record with a directory of ${size} bytes, not ${position - start}`);
  return { count, size, start, end: position, isZip64: false, wraps };
}

type Four = [number, number, number, number];

/** Where the end record begins: the last that reaches to the end of the file with its comment. */
function findEnd(tail: Buffer): number {
  let other = -1;
  for (let at = tail.length - END_RECORD; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_SIGNATURE) continue;
    if (at + END_RECORD + tail.readUInt16LE(at + 20) === tail.length) return at;
    if (other < 0) other = at;
  }
  if (other < 0) throw new ZipError('damaged', 'no end record, as a zip that is cut off or a file of another kind');
  const extra = tail.length - other - END_RECORD - tail.readUInt16LE(other + 20);
  throw new ZipError(
    'damaged',
    extra > 0 ? `${extra} bytes after its end` : `an end record that lacks ${-extra} bytes of its comment`,
  );
}

async function readEnd64(reader: ZipReader, position: number, locatorAt: number): Promise<ZipEnd> {
  if (position + END64_RECORD > locatorAt)
    throw new ZipError('damaged', `a zip64 end record at ${position}, after its own locator`);
  const record = await readAt(reader, position, END64_RECORD);
  if (record.readUInt32LE(0) !== END64_SIGNATURE)
    throw new ZipError('damaged', 'no zip64 end record where its locator points');
  const [here, count, size, start] = [24, 32, 40, 48].map((field) =>
    readCount(record, field, 'a number of the zip64 end record'),
  ) as Four;
  checkParts(record.readUInt32LE(16), record.readUInt32LE(20), here, count);
  if (start + size > position)
    throw new ZipError('damaged', `an end record with a directory of ${size} bytes, not ${position - start}`);
  return { count, size, start, end: position, isZip64: true, wraps: false };
}

function checkParts(disk: number, firstDisk: number, here: number, count: number): void {
  if (disk !== 0 || firstDisk !== 0) throw new ZipError('parts', 'one part of a zip in several');
  if (here !== count) throw new ZipError('damaged', `an end record that counts ${here} entries of ${count}`);
}

/**
 * A number of 64 bits.
 *
 * @throws {ZipError} beyond 2⁵³, which no file reaches.
 */
export function readCount(bytes: Buffer, at: number, what: string): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ZipError('damaged', `${what} of ${value}`);
  return Number(value);
}
