import {
  type CosineAttentionOptions,
  cosineAttention,
  downsample2d,
  mpCat,
  mpConv2d,
  mpDense,
  mpFourier,
  mpSilu,
  mpSum,
  normalize,
  pixelNorm,
  upsample2d,
  weightNorm,
} from '@edm2/mp-layers';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';

declare const image: Tensor4D;
declare const matrix: Tensor2D;
declare const vector: Tensor1D;

expectTypeOf(normalize(image, [3], { eps: 1e-4 })).toExtend<Tensor>();
expectTypeOf(pixelNorm(image)).toExtend<Tensor>();
expectTypeOf(weightNorm(image)).toExtend<Tensor>();
expectTypeOf(mpSilu(image)).toExtend<Tensor>();
expectTypeOf(mpSum(image, image, 0.3)).toExtend<Tensor>();
expectTypeOf(mpCat(image, image, 0.3)).toExtend<Tensor>();
expectTypeOf(mpFourier(vector, vector, vector)).toExtend<Tensor>();
expectTypeOf(downsample2d(image, [1, 1])).toEqualTypeOf<Tensor4D>();
expectTypeOf(upsample2d(image, [1, 1])).toEqualTypeOf<Tensor4D>();
expectTypeOf(mpConv2d(image, image, { gain: 1 })).toExtend<Tensor>();
expectTypeOf(mpDense(matrix, matrix, { gain: 1 })).toExtend<Tensor>();
expectTypeOf(cosineAttention).returns.toEqualTypeOf<Tensor4D>();
expectTypeOf<CosineAttentionOptions>().toExtend<{ qkv: Tensor4D; proj: Tensor4D; heads: number; balance?: number }>();
// @ts-expect-error both operands are needed
mpSum(image);
