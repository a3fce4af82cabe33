import type { DType } from '@edm2/tfjs-jit/graph';

/** Element types that lowerings write, as StableHLO's text spells them. */
export type HloType = 'f32' | 'f64' | 'bf16' | 'f16' | 'i32' | 'i64' | 'i1' | 'ui8';

/** Types that a graph's float32 is computed in. */
export type FloatType = 'f32' | 'bf16' | 'f16';

/** Types of a graph's values on the device. */
export const HLO_TYPE: Readonly<Record<DType, HloType>> = { float32: 'f32', int32: 'i32', bool: 'i1' };

export const isFloat = (type: HloType): boolean =>
  type === 'f32' || type === 'f64' || type === 'bf16' || type === 'f16';

/** The text of a tensor's type. */
export const tensorType = (shape: readonly number[], type: HloType): string =>
  `tensor<${shape.map((n) => `${n}x`).join('')}${type}>`;
