/** Bytes of the WebAssembly instructions that the summing kernels need; names are those of the text format. */

/** Unsigned LEB128. */
const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);

/** Signed LEB128 of a number that is not negative. */
const signedLeb = (value: number): number[] =>
  value < 64 ? [value] : [(value & 127) | 128, ...signedLeb(Math.floor(value / 128))];

const simd = (code: number, ...rest: number[]): number[] => [0xfd, ...leb(code), ...rest];

export const localGet = (index: number): number[] => [0x20, ...leb(index)];
export const localSet = (index: number): number[] => [0x21, ...leb(index)];
export const localTee = (index: number): number[] => [0x22, ...leb(index)];
/** For numbers ≥ 0. */
export const i32Const = (value: number): number[] => [0x41, ...signedLeb(value)];
export const i32Add = [0x6a];
export const i32LessUnsigned = [0x49];
/** Do-while: begins a loop; {@link whileTrue} ends it. */
export const loop = [0x03, 0x40];
export const whileTrue = [0x0d, 0, 0x0b];
/** Ends a function. */
const end = [0x0b];

/** Alignment is a hint; offset is the constant added to the address. */
export const load = (offset = 0): number[] => simd(0x00, 3, ...leb(offset));
export const store = (offset = 0): number[] => simd(0x0b, 3, ...leb(offset));
export const load32Splat = (offset: number): number[] => simd(0x09, 2, ...leb(offset));
export const load64Splat = (offset: number): number[] => simd(0x0a, 3, ...leb(offset));
/** The lower half only. */
export const store64Lower = simd(0x5b, 3, 0, 0);
export const load16x4Signed = simd(0x03, 3, 0);
export const load16x4Unsigned = simd(0x04, 3, 0);
/** The same 32 bits four times. */
export const splat32 = (bits: number): number[] => {
  const word = [bits & 255, (bits >>> 8) & 255, (bits >>> 16) & 255, bits >>> 24];
  return simd(0x0c, ...word, ...word, ...word, ...word);
};
/** The lower halves of a and b, of `a b`. */
export const lowerHalves = simd(0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
/** The upper half of a, twice, of `a a`. */
export const upperHalfLower = simd(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
export const i32x4Splat = simd(0x11);
export const i32x4GreaterSigned = simd(0x3b);
export const i16x8GreaterEqualUnsigned = simd(0x36);
export const f32x4GreaterEqual = simd(0x46);
export const and = simd(0x4e);
export const or = simd(0x50);
/** `a` where the mask has ones, else `b`, of `a b mask`. */
export const select = simd(0x52);
/** Two float64 as the lower half's float32. */
export const demote = simd(0x5e);
export const promoteLow = simd(0x5f);
/** Eight 16-bit numbers, of two times four of 32 bits that fit. */
export const narrowUnsigned = simd(0x86);
export const i16x8ShiftLeft = simd(0x8b);
export const i16x8MaxUnsigned = simd(0x99);
/** The lower, or upper, four of eight 16-bit numbers as 32 bits with their sign. */
export const extendLow = simd(0xa7);
export const extendHigh = simd(0xa8);
export const i32x4ShiftLeft = simd(0xab);
export const i32x4ShiftRight = simd(0xad);
export const i32x4Add = simd(0xae);
export const i32x4Sub = simd(0xb1);
export const f32x4Abs = simd(0xe0);
export const f32x4Add = simd(0xe4);
export const f32x4Mul = simd(0xe6);
export const f64x2Add = simd(0xf0);
export const f64x2Mul = simd(0xf2);

const text = (value: string): number[] => [value.length, ...Buffer.from(value, 'latin1')];
const section = (id: number, content: number[]): number[] => [id, ...leb(content.length), ...content];

/** A function of the module: its name, how many v128 and i32 locals it has besides its parameters, its instructions. */
export interface WasmFunction {
  readonly name: string;
  readonly i32Locals: number;
  readonly v128Locals: number;
  readonly code: readonly number[];
}

/** A module of functions that take `parameters` i32 each and return nothing, over a shared memory `host.memory` of at most `pages`. */
export function wasmModule(parameters: number, pages: number, functions: readonly WasmFunction[]): Uint8Array {
  const exported = functions.flatMap(({ name }, index) => [...text(name), 0, ...leb(index)]);
  const bodies = functions.flatMap(({ i32Locals, v128Locals, code }) => {
    const body = [2, ...leb(i32Locals), 0x7f, ...leb(v128Locals), 0x7b, ...code, ...end];
    return [...leb(body.length), ...body];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...Array.from({ length: parameters }, () => 0x7f), 0]),
    ...section(2, [1, ...text('host'), ...text('memory'), 2, 3, 0, ...leb(pages)]),
    ...section(3, [...leb(functions.length), ...functions.map(() => 0)]),
    ...section(7, [...leb(functions.length), ...exported]),
    ...section(10, [...leb(functions.length), ...bodies]),
  ]);
}
