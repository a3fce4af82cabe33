import { encodeKernel } from './encode-kernels.js';
import type { FloatDtype } from './float-type.js';
import { halfKernel } from './half-kernels.js';
import {
  and,
  f32x4Abs,
  f32x4GreaterEqual,
  f32x4Mul,
  f64x2Add,
  f64x2Mul,
  i32Add,
  i32Const,
  i32LessUnsigned,
  i32x4ShiftLeft,
  i32x4Splat,
  load,
  load16x4Signed,
  load16x4Unsigned,
  load64Splat,
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
  wasmModule,
  whileTrue,
} from './wasm-text.js';

/**
 * The inner loop of reconstruction, `sum_k[i] += Σ_f weight[f][k]·values[f][i]`, as WebAssembly SIMD: four values a turn are decoded once
 * for all sums, and the sums, in float64, stay in registers over all files of a batch.
 */

/** Sums that a kernel makes at once: with four, an x86 processor's sixteen registers no longer hold them. */
export const MAX_SUMS = 3;

/** Values of a turn. */
const TURN = 4;

/** The kernel of a stored type and a number of sums. */
export const kernelName = (dtype: FloatDtype, sums: number): string => `${dtype}x${sums}`;

/** What a kernel takes, in this order; addresses and distances in bytes. */
export interface KernelArguments {
  /** First sum; the others follow at `sumStride`. */
  readonly sum: number;
  /** Values of the first file, and where they end; at least one turn is made. */
  readonly values: number;
  readonly valuesEnd: number;
  /** From one file's values to the next one's. */
  readonly stride: number;
  /** Weights in float64, those of a file together; and where they end. */
  readonly weights: number;
  readonly weightsEnd: number;
  /** 0 to begin the sums anew, −1 to go on. */
  readonly keep: number;
}

/** {@link KernelArguments} as a kernel is called with them. */
export const kernelArguments = (a: KernelArguments): number[] => [
  ...[a.sum, a.values, a.valuesEnd, a.stride, a.weights, a.weightsEnd, a.keep],
];

// Locals: parameters, then i32, then v128.
const [SUM, VALUES, VALUES_END, STRIDE, WEIGHTS, WEIGHTS_END, KEEP] = [0, 1, 2, 3, 4, 5, 6] as const;
const [VALUE, WEIGHT] = [7, 8] as const;
const [DECODED, LOW, HIGH, KEPT, CONSTANTS] = [9, 10, 11, 12, 13] as const;
const SUMS = CONSTANTS + 4;

/** How a stored type becomes two pairs of float64, in LOW and HIGH. */
interface Decoding {
  readonly bytes: number;
  /** 32-bit constants, kept in locals: V8 would make them anew each turn. */
  readonly constants?: readonly number[];
  readonly code: readonly number[];
}

const widen = [
  ...[...localTee(DECODED), ...promoteLow, ...localSet(LOW)],
  ...[...localGet(DECODED), ...localGet(DECODED), ...upperHalfLower, ...promoteLow, ...localSet(HIGH)],
];

const DECODINGS: Readonly<Record<FloatDtype, Decoding>> = {
  F64: {
    bytes: 8,
    code: [...localGet(VALUE), ...load(), ...localSet(LOW), ...localGet(VALUE), ...load(16), ...localSet(HIGH)],
  },
  F32: { bytes: 4, code: [...localGet(VALUE), ...load(), ...widen] },
  // Bits to the upper half: a bfloat16 is a float32 cut short.
  BF16: { bytes: 2, code: [...localGet(VALUE), ...load16x4Unsigned, ...i32Const(16), ...i32x4ShiftLeft, ...widen] },
  // Sign, exponent and fraction moved to their places in a float32 and scaled by 2¹¹² for the difference of the exponents' biases (this
  // makes subnormals right too); what is then 2¹⁶ or more was an infinity or NaN and gets a full exponent.
  F16: {
    bytes: 2,
    constants: [0x8fffe000, 0x77800000, 0x47800000, 0x7f800000],
    code: [
      ...[...localGet(VALUE), ...load16x4Signed, ...i32Const(13), ...i32x4ShiftLeft, ...localGet(CONSTANTS), ...and],
      ...[...localGet(CONSTANTS + 1), ...f32x4Mul, ...localTee(DECODED)],
      ...[...localGet(DECODED), ...f32x4Abs, ...localGet(CONSTANTS + 2), ...f32x4GreaterEqual],
      ...[...localGet(CONSTANTS + 3), ...and, ...or, ...widen],
    ],
  },
};

function kernel(dtype: FloatDtype, count: number, sumStride: number): WasmFunction {
  const { bytes, constants = [], code: decode } = DECODINGS[dtype];
  const each = (code: (k: number, low: number, high: number) => number[]): number[] =>
    Array.from({ length: count }, (_, k) => code(k, SUMS + 2 * k, SUMS + 2 * k + 1)).flat();
  const begin = (offset: number) => [...localGet(SUM), ...load(offset), ...localGet(KEPT), ...and];
  const plus = (half: number, sum: number) => [
    ...[...localGet(DECODED), ...localGet(half), ...f64x2Mul, ...localGet(sum), ...f64x2Add, ...localSet(sum)],
  ];
  const advance = (pointer: number, by: number[]) => [...localGet(pointer), ...by, ...i32Add, ...localSet(pointer)];
  const whileBefore = (pointer: number, limit: number) => [
    ...[...localGet(pointer), ...localGet(limit), ...i32LessUnsigned, ...whileTrue],
  ];
  return {
    name: kernelName(dtype, count),
    i32Locals: 2,
    v128Locals: SUMS - DECODED + 2 * count,
    code: [
      ...constants.flatMap((bits, i) => [...splat32(bits), ...localSet(CONSTANTS + i)]),
      ...[...localGet(KEEP), ...i32x4Splat, ...localSet(KEPT)],
      ...loop, // over values
      ...each((k, low, high) => [
        ...[...begin(k * sumStride), ...localSet(low)],
        ...[...begin(k * sumStride + 16), ...localSet(high)],
      ]),
      ...[...localGet(VALUES), ...localSet(VALUE), ...localGet(WEIGHTS), ...localSet(WEIGHT)],
      ...loop, // over files
      ...decode,
      ...each((k, low, high) => [
        ...[...localGet(WEIGHT), ...load64Splat(8 * k), ...localSet(DECODED)],
        ...[...plus(LOW, low), ...plus(HIGH, high)],
      ]),
      ...[...advance(VALUE, localGet(STRIDE)), ...advance(WEIGHT, i32Const(8 * count))],
      ...whileBefore(WEIGHT, WEIGHTS_END),
      ...each((k, low, high) => [
        ...[...localGet(SUM), ...localGet(low), ...store(k * sumStride)],
        ...[...localGet(SUM), ...localGet(high), ...store(k * sumStride + 16)],
      ]),
      ...[...advance(SUM, i32Const(8 * TURN)), ...advance(VALUES, i32Const(bytes * TURN))],
      ...whileBefore(VALUES, VALUES_END),
    ],
  };
}

/**
 * The kernels as a module that imports a shared memory.
 *
 * @param sumStride - bytes from one sum to the next.
 * @param pages - of 64 KiB: most that the memory has.
 */
export function kernelModule(sumStride: number, pages: number): Uint8Array {
  const counts = Array.from({ length: MAX_SUMS }, (_, i) => i + 1);
  const dtypes = Object.keys(DECODINGS) as FloatDtype[];
  const sums = dtypes.flatMap((dtype) => counts.map((count) => kernel(dtype, count, sumStride)));
  return wasmModule(7, pages, [
    ...sums,
    ...counts.map((count) => halfKernel(count, sumStride)),
    encodeKernel('F32'),
    encodeKernel('F16'),
  ]);
}
