import { koffi } from '@edm2/native/koffi';
import { addressOf, type Pointer, pointersOf, textOf } from './struct.js';

/** Bytes of one, in arrays of them. */
const STRIDE = 56;
const TEXT = 0;
const INT64 = 1;
const INT64_LIST = 2;
const FLOAT = 3;
const BOOL = 4;

/** A setting of a client: text, a whole number, numbers, a share, or yes and no. */
export type NamedValue = string | bigint | readonly number[] | number | boolean;

/** Settings as an array of structs; `kept` must outlive the call that reads them. */
export interface NamedValues {
  readonly bytes: Buffer;
  readonly count: number;
  readonly kept: readonly Uint8Array[];
}

/** Writes settings: a bigint is a whole number, a number a float. */
export function writeNamedValues(values: Readonly<Record<string, NamedValue>>): NamedValues {
  const entries = Object.entries(values);
  const bytes = Buffer.alloc(Math.max(1, STRIDE * entries.length));
  const kept: Uint8Array[] = [];
  const point = (offset: number, to: Uint8Array): void => {
    kept.push(to);
    bytes.writeBigUInt64LE(addressOf(to), offset);
  };
  entries.forEach(([name, value], i) => {
    const start = STRIDE * i;
    bytes.writeBigUInt64LE(BigInt(STRIDE), start);
    point(start + 16, Buffer.from(`${name}\0`));
    bytes.writeBigUInt64LE(BigInt(Buffer.byteLength(name)), start + 24);
    const write = (type: number, size: number): void => {
      bytes.writeInt32LE(type, start + 32);
      bytes.writeBigUInt64LE(BigInt(size), start + 48);
    };
    if (typeof value === 'string') {
      point(start + 40, Buffer.from(`${value}\0`));
      write(TEXT, Buffer.byteLength(value));
    } else if (typeof value === 'bigint') {
      bytes.writeBigInt64LE(value, start + 40);
      write(INT64, 1);
    } else if (typeof value === 'boolean') {
      bytes[start + 40] = Number(value);
      write(BOOL, 1);
    } else if (typeof value === 'number') {
      bytes.writeFloatLE(value, start + 40);
      write(FLOAT, 1);
    } else {
      point(start + 40, new Uint8Array(BigInt64Array.from(value, BigInt).buffer));
      write(INT64_LIST, value.length);
    }
  });
  return { bytes, count: entries.length, kept };
}

/** Reads an array of named values of the plugin's. */
export function readNamedValues(start: Pointer, count: number): Record<string, unknown> {
  if (count === 0) return {};
  const all = Buffer.from(Uint8Array.from(koffi.decode(start, 'uint8_t', STRIDE * count) as ArrayLike<number>));
  const read = (at: number): unknown => {
    const size = Number(all.readBigUInt64LE(at + 48));
    switch (all.readInt32LE(at + 32)) {
      case TEXT:
        return size === 0 ? '' : textOf(all.readBigUInt64LE(at + 40), size);
      case INT64:
        return Number(all.readBigInt64LE(at + 40));
      case INT64_LIST:
        return pointersOf(all.readBigUInt64LE(at + 40), size).map(Number);
      case FLOAT:
        return all.readFloatLE(at + 40);
      case BOOL:
        return all[at + 40] !== 0;
      default:
        return undefined;
    }
  };
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => {
      const at = STRIDE * i;
      return [textOf(all.readBigUInt64LE(at + 16), Number(all.readBigUInt64LE(at + 24))), read(at)];
    }),
  );
}
