/**
 * The inner loop of reconstruction, `sum[i] += weight·values[i]` with sums in float64 and values as stored, as
 * WebAssembly SIMD: four values a turn, decoded in registers. Written as bytes because it is thirty instructions; the
 * names below are those of the WebAssembly text format.
 */

/** `(sum: byte offset, values: byte offset, sumEnd: byte offset, weight)`; at least one turn of four values is made. */
export type AccumulateKernel = (sum: number, values: number, sumEnd: number, weight: number) => void;

/** One kernel per stored type. */
export interface AccumulateKernels {
  readonly F32: AccumulateKernel;
  readonly F16: AccumulateKernel;
  readonly BF16: AccumulateKernel;
}

/** What this package needs of WebAssembly, which TypeScript declares for browsers only. */
interface WebAssemblyParts {
  readonly Memory: new (descriptor: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** Linear memory that the kernels work in. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

const wasm = (globalThis as unknown as { WebAssembly: WebAssemblyParts }).WebAssembly;

/** Bytes of a page of linear memory. */
const PAGE = 65_536;

/** The kernels over memory of their own. */
export function createKernels(bytes: number): { memory: WasmMemory; kernels: AccumulateKernels } {
  const memory = new wasm.Memory({ initial: Math.ceil(bytes / PAGE) });
  const instance = new wasm.Instance(new wasm.Module(moduleBytes()), { host: { memory } });
  return { memory, kernels: instance.exports as AccumulateKernels };
}

const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...leb(code), ...rest];
const localGet = (index: number): number[] => [0x20, index];
const localSet = (index: number): number[] => [0x21, index];
/** For 0 … 63 only, which need one byte of signed LEB128. */
const i32Const = (value: number): number[] => [0x41, value];
const i32Add = [0x6a];
const i32LessUnsigned = [0x49];

/** Alignment is a hint; offset is the constant added to the address. */
const load = (offset = 0): number[] => simd(0x00, 3, offset);
const store = (offset = 0): number[] => simd(0x0b, 3, offset);
const load16x4Unsigned = simd(0x04, 3, 0);
const splat32 = (bits: number): number[] => {
  const word = [bits & 255, (bits >>> 8) & 255, (bits >>> 16) & 255, bits >>> 24];
  return simd(0x0c, ...word, ...word, ...word, ...word);
};
const upperHalfLower = simd(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
const f64x2Splat = simd(0x14);
const i32x4GreaterSigned = simd(0x3b);
const and = simd(0x4e);
const or = simd(0x50);
const promoteLow = simd(0x5f);
const i32x4ShiftLeft = simd(0xab);
const f32x4Mul = simd(0xe6);
const f64x2Add = simd(0xf0);
const f64x2Mul = simd(0xf2);

const [SUM, VALUES, SUM_END, WEIGHT, DECODED, WEIGHTS] = [0, 1, 2, 3, 4, 5] as const;

/** Four float32 as they are. */
const decodeF32 = [...localGet(VALUES), ...load()];

/** Bits to the upper half: a bfloat16 is a float32 cut short. */
const decodeBF16 = [...localGet(VALUES), ...load16x4Unsigned, ...i32Const(16), ...i32x4ShiftLeft];

/**
 * Exponent and fraction moved to their places in a float32 and scaled by 2¹¹² for the difference of the exponents' biases
 * (this makes subnormals right too); infinities and NaN get a full exponent; then the sign.
 */
const decodeF16 = [
  ...[...localGet(VALUES), ...load16x4Unsigned, ...localSet(DECODED)],
  ...[...localGet(DECODED), ...splat32(0x7fff), ...and, ...i32Const(13), ...i32x4ShiftLeft],
  ...[...splat32(0x77800000), ...f32x4Mul],
  ...[...localGet(DECODED), ...splat32(0x7fff), ...and, ...splat32(0x7bff), ...i32x4GreaterSigned],
  ...[...splat32(0x7f800000), ...and, ...or],
  ...[...localGet(DECODED), ...splat32(0x8000), ...and, ...i32Const(16), ...i32x4ShiftLeft, ...or],
];

/** `sum[at] += weight · (two of the decoded values)`. */
const accumulateTwo = (offset: number, two: number[]): number[] => [
  ...[...localGet(SUM), ...localGet(SUM), ...load(offset)],
  ...[...two, ...promoteLow, ...localGet(WEIGHTS), ...f64x2Mul, ...f64x2Add],
  ...store(offset),
];

const lowerHalf = localGet(DECODED);
const upperHalf = [...localGet(DECODED), ...localGet(DECODED), ...upperHalfLower];

function body(decode: number[], bytesPerTurn: number): number[] {
  const code = [
    ...[1, 2, 0x7b], // two more locals, v128: DECODED and WEIGHTS
    ...[...localGet(WEIGHT), ...f64x2Splat, ...localSet(WEIGHTS)],
    ...[0x03, 0x40], // loop
    ...[...decode, ...localSet(DECODED)],
    ...accumulateTwo(0, lowerHalf),
    ...accumulateTwo(16, upperHalf),
    ...[...localGet(VALUES), ...i32Const(bytesPerTurn), ...i32Add, ...localSet(VALUES)],
    ...[...localGet(SUM), ...i32Const(32), ...i32Add, ...localSet(SUM)],
    ...[...localGet(SUM), ...localGet(SUM_END), ...i32LessUnsigned, 0x0d, 0], // br_if
    ...[0x0b, 0x0b],
  ];
  return [...leb(code.length), ...code];
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value, 'latin1')];
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];

function moduleBytes(): Uint8Array {
  const exported = ['F32', 'F16', 'BF16'].flatMap((name, index) => [...text(name), 0, index]);
  const bodies = [...body(decodeF32, 16), ...body(decodeF16, 8), ...body(decodeBF16, 8)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7c, 0]), // (func (param i32 i32 i32 f64))
    ...section(2, [1, ...text('host'), ...text('memory'), 2, 0, 1]),
    ...section(3, [3, 0, 0, 0]),
    ...section(7, [3, ...exported]),
    ...section(10, [3, ...bodies]),
  ]);
}
