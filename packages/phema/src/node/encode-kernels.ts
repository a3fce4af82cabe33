import {
  and,
  demote,
  f32x4Add,
  i32Add,
  i32Const,
  i32LessUnsigned,
  i32x4Add,
  i32x4GreaterSigned,
  i32x4ShiftRight,
  i32x4Sub,
  load,
  localGet,
  localSet,
  localTee,
  loop,
  lowerHalves,
  narrowUnsigned,
  or,
  select,
  splat32,
  store,
  store64Lower,
  type WasmFunction,
  whileTrue,
} from './wasm-text.js';

/** Types that sums are rounded to where they stand. */
export type EncodedDtype = 'F32' | 'F16';

/** The kernel of a type. */
export const encodeName = (dtype: EncodedDtype): string => `encode${dtype}`;

// Parameters: where the sums begin and end, in bytes; the other parameters of the module's functions are not used.
const [SUM, SUM_END, OUT] = [0, 1, 7] as const;
const [BITS, SIZE, RESULT] = [9, 10, 11] as const;

/** Four float64 as float32, rounded to nearest. */
const four = [...[...localGet(SUM), ...load(), ...demote, ...localGet(SUM), ...load(16), ...demote, ...lowerHalves]];

/** 65536, the first float32 with an exponent that float16 lacks at the top. */
const TOO_LARGE = 0x47800000;
/** 2⁻¹⁴, the smallest normal float16. */
const SMALLEST_NORMAL = 0x38800000;
/** 0.5: the last bit of a float32 this large is that of a subnormal float16, 2⁻²⁴, so that adding it rounds to one. */
const HALF = 0x3f000000;

/** Float32 to float16 bits, ties to even, in the lower 16 of 32 bits. */
const toHalf = [
  ...[...localTee(BITS), ...splat32(0x7fffffff), ...and, ...localSet(SIZE)],
  // Normal: the exponent's bias changed by 112, then rounded to ten bits of fraction.
  ...[...localGet(SIZE), ...i32Const(13), ...i32x4ShiftRight, ...splat32(1), ...and],
  ...[...localGet(SIZE), ...splat32(0xfff - 0x38000000), ...i32x4Add, ...i32x4Add],
  ...[...i32Const(13), ...i32x4ShiftRight],
  // Subnormal.
  ...[...localGet(SIZE), ...splat32(HALF), ...f32x4Add, ...splat32(HALF), ...i32x4Sub],
  ...[...localGet(SIZE), ...splat32(SMALLEST_NORMAL - 1), ...i32x4GreaterSigned, ...select, ...localSet(RESULT)],
  // Infinity, and NaN with its quiet bit.
  ...[...localGet(SIZE), ...splat32(0x7f800000), ...i32x4GreaterSigned, ...splat32(0x200), ...and],
  ...[...splat32(0x7c00), ...or, ...localGet(RESULT)],
  ...[...localGet(SIZE), ...splat32(TOO_LARGE - 1), ...i32x4GreaterSigned, ...select],
  ...[...localGet(BITS), ...i32Const(16), ...i32x4ShiftRight, ...splat32(0x8000), ...and, ...or],
];

/**
 * Rounds sums to a narrower type, in place: what is written never overtakes what is read.
 *
 * Float64 goes through float32, as it does where float32 values are handed to a writer.
 */
export function encodeKernel(dtype: EncodedDtype): WasmFunction {
  const write =
    dtype === 'F32'
      ? [...localGet(OUT), ...four, ...store()]
      : [
          ...localGet(OUT),
          ...four,
          ...toHalf,
          ...localTee(RESULT),
          ...localGet(RESULT),
          ...narrowUnsigned,
          ...store64Lower,
        ];
  const advance = (pointer: number, by: number) => [
    ...localGet(pointer),
    ...i32Const(by),
    ...i32Add,
    ...localSet(pointer),
  ];
  return {
    name: encodeName(dtype),
    i32Locals: 2,
    v128Locals: 3,
    code: [
      ...[...localGet(SUM), ...localSet(OUT)],
      ...loop,
      ...write,
      ...[...advance(OUT, dtype === 'F32' ? 16 : 8), ...advance(SUM, 32)],
      ...[...localGet(SUM), ...localGet(SUM_END), ...i32LessUnsigned, ...whileTrue],
    ],
  };
}
