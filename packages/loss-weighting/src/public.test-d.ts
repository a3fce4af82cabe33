import {
  createLossByNoiseLevel,
  createUncertainty,
  edmWeight,
  type LossWeight,
  minSnrWeight,
  sampleSigmas,
  sigmoidWeight,
  softMinSnrWeight,
  weightedLoss,
} from '@edm2/loss-weighting';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';

declare const sigma: Tensor1D;
declare const error: Tensor;

expectTypeOf(sampleSigmas(sigma, { pMean: -0.4, pStd: 1 })).toEqualTypeOf<Tensor1D>();
for (const weight of [edmWeight, minSnrWeight, softMinSnrWeight, sigmoidWeight])
  expectTypeOf(weight(sigma, { sigmaData: 0.5 })).toExtend<Tensor>();
expectTypeOf(edmWeight).toExtend<LossWeight>();
expectTypeOf(createUncertainty({ channels: 128 }).apply).returns.toEqualTypeOf<Tensor1D>();
expectTypeOf(weightedLoss(error, sigma)).toExtend<Tensor>();
expectTypeOf(weightedLoss(error, sigma, sigma)).toExtend<Tensor>();
expectTypeOf(createLossByNoiseLevel({ bins: 4 }).result().mean).toExtend<Float64Array>();
