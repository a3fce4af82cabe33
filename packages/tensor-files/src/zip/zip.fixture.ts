import { crc32 } from '../npy/crc32.js';

/** An entry of {@link makeZip}. */
export interface ZipItem {
  readonly name: string | Uint8Array;
  readonly data?: Uint8Array;
  /** Extra fields of the directory's record. */
  readonly extra?: Uint8Array;
  readonly flags?: number;
  /** Where the directory says that it is; default where it is. */
  readonly place?: number;
}

/** Numbers, little-endian: `[bytes, value]`. */
export function little(...fields: readonly (readonly [number, number | bigint])[]): Buffer {
  const out = Buffer.alloc(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 8) out.writeBigUInt64LE(BigInt(value), at);
    else out.writeUIntLE(Number(value), at, bytes);
    at += bytes;
  }
  return out;
}

/** How the end of {@link makeZip} is written. */
export interface ZipEndOptions {
  /** Numbers of the end record; default the true ones modulo their bits, as macOS writes them. */
  readonly count?: number;
  readonly size?: number;
  readonly offset?: number;
  readonly comment?: string;
  readonly disk?: number;
  /** With a zip64 end record and its locator. Places of entries beyond 32 bits stand in zip64 fields then. */
  readonly zip64?: boolean;
  /** Bytes of the file before the first entry, which are not made. */
  readonly from?: number;
}

/** A zip of stored entries, for tests that need what no tool would write. */
export function makeZip(items: readonly ZipItem[], options: ZipEndOptions = {}): Buffer {
  const { zip64 = false, from = 0, comment = '', disk = 0 } = options;
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = from;
  for (const { name, data = new Uint8Array(), extra = new Uint8Array(), flags = 0, place = at } of items) {
    const raw = Buffer.from(name);
    const shared = little(
      [2, 20],
      [2, flags],
      [2, 0],
      [4, 0x21 << 16],
      [4, crc32(data)],
      [4, data.length],
      [4, data.length],
      [2, raw.length],
    );
    const far = zip64 && place > 0xffffffff;
    const extras = Buffer.concat([far ? little([2, 1], [2, 8], [8, place]) : Buffer.alloc(0), extra]);
    parts.push(little([4, 0x04034b50]), shared, little([2, 0]), raw, Buffer.from(data));
    directory.push(
      little([4, 0x02014b50], [2, 20]),
      shared,
      little([2, extras.length], [2, 0], [2, 0], [2, 0], [4, 0], [4, far ? 0xffffffff : place % 2 ** 32]),
      raw,
      extras,
    );
    at += 30 + raw.length + data.length;
  }
  const records = Buffer.concat(directory);
  const { count = items.length, size = records.length, offset = at } = options;
  const end64 = zip64
    ? little(
        ...([
          [4, 0x06064b50],
          [8, 44],
          [2, 45],
          [2, 45],
          [4, 0],
          [4, 0],
          [8, count],
          [8, count],
          [8, size],
        ] as const),
        [8, offset],
        ...([
          [4, 0x07064b50],
          [4, 0],
          [8, at + records.length],
          [4, 1],
        ] as const),
      )
    : Buffer.alloc(0);
  const end = little(
    ...([
      [4, 0x06054b50],
      [2, disk],
      [2, disk],
      [2, zip64 ? 0xffff : count % 65_536],
      [2, zip64 ? 0xffff : count % 65_536],
    ] as const),
    [4, zip64 ? 0xffffffff : size],
    [4, zip64 ? 0xffffffff : offset % 2 ** 32],
    [2, comment.length],
  );
  return Buffer.concat([...parts, records, end64, end, Buffer.from(comment)]);
}
