import { crc32 } from './crc32.js';

/** A file that goes into a zip. */
export interface ZipItem {
  /** '/' between folders. */
  readonly name: string;
  /** Called once, when its turn comes: only one is in memory. */
  read(): Promise<Uint8Array>;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** Names are UTF-8. */
const FLAGS = 1 << 11;
const VERSION = 20;
const VERSION64 = 45;
/** 1 January 1980, the earliest day: equal data makes equal files. */
const DATE = (1 << 5) | 1;
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;

/**
 * The bytes of a zip as EDM2's readers want it: entries uncompressed and in order, sizes and checksums before the data, zip64 where
 * counts or offsets need it. Memory: one entry, and about 100 bytes for each written.
 *
 * @throws {RangeError} when an entry is 4 GiB or larger.
 */
export async function* storedZip(items: Iterable<ZipItem> | AsyncIterable<ZipItem>): AsyncGenerator<Uint8Array> {
  const directory: Buffer[] = [];
  let offset = 0;
  for await (const { name, read } of items) {
    const data = await read();
    if (data.length >= MAX_32)
      throw new RangeError(`storedZip: expected entries below 4 GiB, got ${data.length} bytes of ${name}. Split it.`);
    const encoded = Buffer.from(name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(offset >= MAX_32 ? VERSION64 : VERSION, 0);
    shared.writeUInt16LE(FLAGS, 2);
    shared.writeUInt16LE(DATE, 8);
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(data.length, 18);
    shared.writeUInt16LE(encoded.length, 22);
    yield Buffer.concat([u32(LOCAL), shared, encoded]);
    yield data;
    directory.push(centralRecord(shared, encoded, offset));
    offset += 4 + shared.length + encoded.length + data.length;
  }
  let size = 0;
  for (const record of directory) {
    yield record;
    size += record.length;
  }
  yield endOf(directory.length, size, offset);
}

function centralRecord(shared: Buffer, name: Buffer, offset: number): Buffer {
  const far = offset >= MAX_32;
  const extra = far ? Buffer.concat([u16(1), u16(8), u64(offset)]) : Buffer.alloc(0);
  const head = Buffer.concat([u32(CENTRAL), u16(far ? VERSION64 : VERSION), shared]);
  head.writeUInt16LE(extra.length, 30);
  // Comment length, disk, internal and external attributes: all zero.
  return Buffer.concat([head, Buffer.alloc(10), u32(far ? MAX_32 : offset), name, extra]);
}

function endOf(count: number, size: number, offset: number): Buffer {
  const far = count >= MAX_16 || size >= MAX_32 || offset >= MAX_32;
  const end = Buffer.concat([
    u32(END),
    u16(0),
    u16(0),
    u16(Math.min(count, MAX_16)),
    u16(Math.min(count, MAX_16)),
    u32(Math.min(size, MAX_32)),
    u32(Math.min(offset, MAX_32)),
    u16(0),
  ]);
  if (!far) return end;
  const end64 = Buffer.concat([
    u32(END64),
    u64(44),
    u16(VERSION64),
    u16(VERSION64),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(size),
    u64(offset),
  ]);
  const locator = Buffer.concat([u32(LOCATOR64), u32(0), u64(offset + size), u32(1)]);
  return Buffer.concat([end64, locator, end]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
