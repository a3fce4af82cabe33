import { open } from 'node:fs/promises';
import { crc32 } from '../npy/crc32.js';
import { IN_ZIP64, readCount, readZipEnd, type ZipEnd } from './end-record.js';
import { decodeName } from './entry-name.js';
import { readAt, type ZipReader, zipBytes } from './reader.js';
import { ZipError } from './zip-error.js';

const RECORD_SIGNATURE = 0x02014b50;
const RECORD = 46;
/** An entry's own header without its name. */
export const HEADER = 30;
/** Longest name, extra fields and comment of a record together. */
const MAX_VARIABLE = 3 * 0xffff;
/** Bytes of a directory that are read at a time. */
const WINDOW_BYTES = 1 << 20;
const EXTRA_ZIP64 = 0x0001;
const EXTRA_UNICODE_PATH = 0x7075;

/** A file in a zip, as the directory describes it. */
export interface ZipEntry {
  /** '/' between folders. */
  readonly fileName: string;
  /** Length and CRC-32 of the name as it is stored. */
  readonly nameLength: number;
  readonly nameCrc32: number;
  /** General purpose bits. */
  readonly flags: number;
  /** 0 stored, 8 deflated; other numbers are not read. */
  readonly compressionMethod: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  /** Where the entry's own header begins. */
  readonly headerOffset: number;
}

/** An open zip. */
export interface ZipSource extends ZipReader {
  /** Bytes of the file. */
  readonly size: number;
}

/**
 * Files of a zip's directory by name, folders left out. The directory must be whole and agree with its end record. Zips of more than
 * 65,535 files or 4 GiB are read with zip64 fields, as the format wants it, and without them, as macOS writes them.
 *
 * @param source - its path, its bytes, or an open file.
 * @param maxEntries - most entries that it may have, folders included.
 * @throws {ZipError} (rejects) with the damage in words.
 * @throws {Error} (rejects) of the file system.
 */
export async function readZipDirectory(
  source: string | Uint8Array | ZipSource,
  { maxEntries }: { readonly maxEntries: number },
): Promise<Map<string, ZipEntry>> {
  if (source instanceof Uint8Array) return readDirectory(zipBytes(source), source.length, maxEntries);
  if (typeof source !== 'string') return readDirectory(source, source.size, maxEntries);
  const handle = await open(source);
  try {
    return await readDirectory(handle, (await handle.stat()).size, maxEntries);
  } finally {
    await handle.close();
  }
}

async function readDirectory(reader: ZipReader, fileSize: number, maxEntries: number): Promise<Map<string, ZipEntry>> {
  const end = await readZipEnd(reader, fileSize);
  const tooMany = (count: number) => new ZipError('too-large', `${count} entries, more than ${maxEntries},`);
  if (end.count > maxEntries) throw tooMany(end.count);
  const entries = new Map<string, ZipEntry>();
  const stop = end.start + end.size;
  let count = 0;
  let base = 0; // what places lack that are given modulo 2³²
  let before = 0;
  let window: Buffer = Buffer.alloc(0);
  let windowAt = end.start;
  for (let at = end.start; at < stop; count++) {
    if (count >= maxEntries) throw tooMany(count + 1);
    if (at + RECORD + MAX_VARIABLE > windowAt + window.length && windowAt + window.length < stop) {
      window = await readAt(reader, at, Math.min(WINDOW_BYTES, stop - at));
      windowAt = at;
    }
    const record = readRecord(window.subarray(at - windowAt), stop - at, end.size);
    at += record.length;
    if (end.wraps && base + record.entry.headerOffset < before) base += 2 ** 32;
    before = base + record.entry.headerOffset;
    const entry = { ...record.entry, headerOffset: before };
    const { fileName } = entry;
    if (before + HEADER + entry.nameLength + entry.compressedSize > end.start)
      throw new ZipError('damaged', `an entry that goes past the end of the data (${fileName})`);
    if (entries.has(fileName)) throw new ZipError('duplicate-name', `two entries named ${fileName}`);
    if (!fileName.endsWith('/')) entries.set(fileName, entry);
  }
  await checkCount(reader, end, count);
  return entries;
}

async function checkCount(reader: ZipReader, end: ZipEnd, count: number): Promise<void> {
  const stop = end.start + end.size;
  if (count === end.count || (!end.isZip64 && count > 0xffff && count % 0x10000 === end.count)) {
    if (stop === end.end) return;
    // Between the two only a signature of the directory may stand; with a damaged size there are more entries.
    const next = stop + 4 <= end.end ? (await readAt(reader, stop, 4)).readUInt32LE(0) : 0;
    if (next !== RECORD_SIGNATURE) return;
  }
  throw count > end.count
    ? new ZipError('damaged', `more entries than the end record counts (${count}, not ${end.count})`)
    : new ZipError(
        'damaged',
        `an end record that counts ${end.count} entries with a directory of ${end.size} bytes, not ${end.end - end.start}`,
      );
}

/** One record of a directory of `size` bytes, of which `left` are to come, this record's among them. */
function readRecord(bytes: Buffer, left: number, size: number): { entry: ZipEntry; length: number } {
  const cut = () => new ZipError('damaged', `a directory of ${size} bytes, not of whole entries`);
  if (left < RECORD) throw cut();
  if (bytes.readUInt32LE(0) !== RECORD_SIGNATURE)
    throw new ZipError('damaged', 'no entry of the directory where one should begin');
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => bytes.readUInt16LE(at)) as [
    number,
    number,
    number,
  ];
  const length = RECORD + nameLength + extraLength + commentLength;
  if (length > left) throw cut();
  const raw = bytes.subarray(RECORD, RECORD + nameLength);
  const extra = readExtra(bytes.subarray(RECORD + nameLength, RECORD + nameLength + extraLength));
  const fileName = decodeName(raw, extra.get(EXTRA_UNICODE_PATH));
  checkName(fileName);
  const zip64 = extra.get(EXTRA_ZIP64);
  let used = 0;
  // The field holds those numbers only that have no room in the record, in this order.
  const number = (at: number): number => {
    const value = bytes.readUInt32LE(at);
    if (value !== IN_ZIP64 || !zip64) return value;
    if (used + 8 > zip64.length) throw new ZipError('damaged', `an entry without its zip64 numbers (${fileName})`);
    used += 8;
    return readCount(zip64, used - 8, `a zip64 number (${fileName})`);
  };
  const uncompressedSize = number(24);
  const compressedSize = number(20);
  const headerOffset = number(42);
  const entry = {
    fileName,
    nameLength,
    nameCrc32: crc32(raw),
    flags: bytes.readUInt16LE(8),
    compressionMethod: bytes.readUInt16LE(10),
    crc32: bytes.readUInt32LE(16),
    compressedSize,
    uncompressedSize,
    headerOffset,
  };
  return { entry, length };
}

/** Extra fields by their number, the first of each. */
function readExtra(bytes: Buffer): Map<number, Buffer> {
  const fields = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const [id, size] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
    if (at + 4 + size > bytes.length) throw new ZipError('damaged', 'an extra field longer than its entry');
    if (!fields.has(id)) fields.set(id, bytes.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return fields;
}

/** Nothing is unpacked here; but names are shown, and somebody may make paths of them. */
function checkName(name: string): void {
  if (/^([a-zA-Z]:|\/)/.test(name) || name.split('/').includes('..'))
    throw new ZipError('damaged', `an entry named ${JSON.stringify(name.slice(0, 80))}, outside the zip`);
}
