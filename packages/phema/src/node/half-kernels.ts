import {
  and,
  extendHigh,
  extendLow,
  f32x4Add,
  f32x4Mul,
  f64x2Add,
  i16x8GreaterEqualUnsigned,
  i16x8MaxUnsigned,
  i16x8ShiftLeft,
  i32Add,
  i32Const,
  i32LessUnsigned,
  i32x4ShiftLeft,
  i32x4Splat,
  load,
  load32Splat,
  localGet,
  localSet,
  localTee,
  loop,
  or,
  promoteLow,
  splat32,
  store,
  upperHalfLower,
  type WasmFunction,
  whileTrue,
} from './wasm-text.js';

/**
 * The quick kernel for float16: eight values a turn, summed in float32 over the files of a batch and in float64 over batches. What float32
 * rounds there, 2⁻²⁴ of a term, is a thousandth of what storing as float16 has rounded, 2⁻¹¹, with the same weights.
 *
 * Exponent and fraction are moved to their places in a float32; the difference of the exponents' biases is left to the weights. An infinity
 * or NaN in any file makes NaN of its place in the sums, as infinities of unlike weights do.
 */

/** Weights are handed over times this, 2 to the difference of the exponents' biases. */
export const HALF_SCALE = 2 ** 112;

/** Larger weights would leave float32 with that factor. */
export const HALF_WEIGHT = 2 ** 15;

/** The kernel of a number of sums. */
export const halfName = (sums: number): string => `half${sums}`;

// Parameters as of the other kernels, but for float32 weights; then i32 locals, then v128.
const [SUM, VALUES, VALUES_END, STRIDE, WEIGHTS, WEIGHTS_END, KEEP] = [0, 1, 2, 3, 4, 5, 6] as const;
const [VALUE, WEIGHT] = [7, 8] as const;
const [EIGHT, LOW, HIGH, LARGEST, MASK, KEPT, SUMS] = [9, 10, 11, 12, 13, 14, 15] as const;

/** Sign, exponent and fraction of float16 in a float32's places. */
const PLACED = 0x8fffe000;

/** Twice the least of the bits that an infinity or NaN has: the shift drops the sign. */
const NOT_FINITE = 0xf800f800;

const placed = [...i32Const(13), ...i32x4ShiftLeft, ...localGet(MASK), ...and];

export function halfKernel(count: number, sumStride: number): WasmFunction {
  const each = (code: (k: number, low: number, high: number) => number[]): number[] =>
    Array.from({ length: count }, (_, k) => code(k, SUMS + 2 * k, SUMS + 2 * k + 1)).flat();
  const plus = (half: number, sum: number) => [
    ...[...localGet(EIGHT), ...localGet(half), ...f32x4Mul, ...localGet(sum), ...f32x4Add, ...localSet(sum)],
  ];
  const advance = (pointer: number, by: number[]) => [...localGet(pointer), ...by, ...i32Add, ...localSet(pointer)];
  const whileBefore = (pointer: number, limit: number) => [
    ...[...localGet(pointer), ...localGet(limit), ...i32LessUnsigned, ...whileTrue],
  ];
  /** Two of the values in EIGHT, widened by `two`, onto the sums at an offset. */
  const flushTwo = (offset: number, two: number[]) => [
    ...[...localGet(SUM), ...localGet(SUM), ...load(offset), ...localGet(KEPT), ...and],
    ...[...two, ...promoteLow, ...f64x2Add, ...store(offset)],
  ];
  const flush = (sum: number, notFinite: number, offset: number) => [
    ...[...localGet(sum), ...localGet(notFinite), ...or, ...localSet(EIGHT)],
    ...flushTwo(offset, localGet(EIGHT)),
    ...flushTwo(offset + 16, [...localGet(EIGHT), ...localGet(EIGHT), ...upperHalfLower]),
  ];
  return {
    name: halfName(count),
    i32Locals: 2,
    v128Locals: SUMS - EIGHT + 2 * count,
    code: [
      ...[...splat32(PLACED), ...localSet(MASK), ...localGet(KEEP), ...i32x4Splat, ...localSet(KEPT)],
      ...loop, // over values
      ...[...splat32(0), ...localSet(LARGEST)],
      ...each((_, low, high) => [...splat32(0), ...localSet(low), ...splat32(0), ...localSet(high)]),
      ...[...localGet(VALUES), ...localSet(VALUE), ...localGet(WEIGHTS), ...localSet(WEIGHT)],
      ...loop, // over files
      ...[...localGet(VALUE), ...load(), ...localTee(EIGHT), ...extendLow, ...placed, ...localSet(LOW)],
      ...[...localGet(EIGHT), ...extendHigh, ...placed, ...localSet(HIGH)],
      ...[...localGet(EIGHT), ...i32Const(1), ...i16x8ShiftLeft],
      ...[...localGet(LARGEST), ...i16x8MaxUnsigned, ...localSet(LARGEST)],
      ...each((k, low, high) => [
        ...[...localGet(WEIGHT), ...load32Splat(4 * k), ...localSet(EIGHT)],
        ...[...plus(LOW, low), ...plus(HIGH, high)],
      ]),
      ...[...advance(VALUE, localGet(STRIDE)), ...advance(WEIGHT, i32Const(4 * count))],
      ...whileBefore(WEIGHT, WEIGHTS_END),
      ...[...localGet(LARGEST), ...splat32(NOT_FINITE), ...i16x8GreaterEqualUnsigned, ...localTee(LARGEST)],
      // Lanes of ones, which are NaN of any type.
      ...[...extendLow, ...localSet(LOW), ...localGet(LARGEST), ...extendHigh, ...localSet(HIGH)],
      ...each((k, low, high) => [...flush(low, LOW, k * sumStride), ...flush(high, HIGH, k * sumStride + 32)]),
      ...[...advance(SUM, i32Const(64)), ...advance(VALUES, i32Const(16))],
      ...whileBefore(VALUES, VALUES_END),
    ],
  };
}
