import { koffi } from '@edm2/native/koffi';

/** Address of something that the plugin owns. */
export type Pointer = bigint;

/** The null pointer. */
export const NULL: Pointer = 0n;

/**
 * Bytes of every argument struct. Plugins refuse a struct smaller than their own and accept a larger one, and none of those used
 * here has more fields in any version: one size does for all.
 */
const SIZE = 512;

/** Where structs begin that C reads: the size, a null pointer for extensions, then the fields. */
const SIZE_AT = 0;

/** Address of an array's first byte, which stays as long as the array is reachable. */
export const addressOf = (array: ArrayBufferView): Pointer => (array.byteLength === 0 ? NULL : koffi.address(array));

/** An argument struct of PJRT: fields by offset, as C lays them out on 64-bit machines. */
export class Struct {
  readonly bytes: Buffer = Buffer.alloc(SIZE);
  /** What fields point to: it must outlive the call. */
  private readonly kept: unknown[] = [];

  /** @param size - what the struct says of its size; arrays of structs need the true one. */
  constructor(size: number = SIZE) {
    this.bytes.writeBigUInt64LE(BigInt(size), SIZE_AT);
  }

  pointer(offset: number, value: Pointer | ArrayBufferView | Struct | undefined): this {
    if (value === undefined) return this;
    if (value instanceof Struct) return this.keep(value).pointer(offset, value.bytes);
    if (typeof value === 'bigint') this.bytes.writeBigUInt64LE(value, offset);
    else this.keep(value).bytes.writeBigUInt64LE(addressOf(value), offset);
    return this;
  }

  size(offset: number, value: number): this {
    this.bytes.writeBigInt64LE(BigInt(value), offset);
    return this;
  }

  int32(offset: number, value: number): this {
    this.bytes.writeInt32LE(value, offset);
    return this;
  }

  /** Bytes and their number, one behind the other. */
  span(offset: number, bytes: Uint8Array): this {
    return this.pointer(offset, bytes).size(offset + 8, bytes.byteLength);
  }

  /** Numbers of 64 bits, without their count. */
  longs(offset: number, values: readonly number[]): this {
    return this.pointer(offset, BigInt64Array.from(values, BigInt));
  }

  pointerAt(offset: number): Pointer {
    return this.bytes.readBigUInt64LE(offset);
  }

  sizeAt(offset: number): number {
    return Number(this.bytes.readBigUInt64LE(offset));
  }

  int32At(offset: number): number {
    return this.bytes.readInt32LE(offset);
  }

  /** Text of the plugin's: an address and a length. */
  textAt(offset: number): string {
    const [start, length] = [this.pointerAt(offset), this.sizeAt(offset + 8)];
    return start === NULL || length === 0 ? '' : textOf(start, length);
  }

  private keep(value: unknown): this {
    this.kept.push(value);
    return this;
  }
}

/** Bytes of the plugin's, copied. */
export const bytesOf = (start: Pointer, length: number): Uint8Array =>
  Uint8Array.from(koffi.decode(start, 'uint8_t', length) as ArrayLike<number>);

/** Text that is not terminated. */
export const textOf = (start: Pointer, length: number): string => Buffer.from(bytesOf(start, length)).toString('utf8');

/** An array of pointers of the plugin's, copied. */
export const pointersOf = (start: Pointer, count: number): Pointer[] =>
  count === 0 ? [] : Array.from(koffi.decode(start, 'uint64_t', count) as ArrayLike<bigint | number>, BigInt);
