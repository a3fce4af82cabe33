import { type Denoiser, dpmpp2m, euler, guide, heun, karrasSchedule, type Solver, sampleSeeds } from '@edm2/sampler';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expectTypeOf } from 'vitest';

declare const denoiser: Denoiser;

expectTypeOf<(x: Tensor, sigma: Tensor, labels?: Tensor) => Tensor | Promise<Tensor>>().toExtend<Denoiser>();
// A network's own function, of images.
expectTypeOf<(x: Tensor4D, sigma: Tensor) => Tensor4D>().toExtend<Denoiser>();
expectTypeOf(karrasSchedule({ steps: 32, sigmaMin: 0.002, sigmaMax: 80, rho: 7 })).toExtend<Float64Array>();
for (const solver of [euler, heun, dpmpp2m]) expectTypeOf(solver).toExtend<Solver>();
expectTypeOf<ReturnType<Solver>>().toEqualTypeOf<Promise<Tensor>>();
expectTypeOf(guide({ main: denoiser, guide: denoiser, weight: 2, interval: [0, 1] })).toEqualTypeOf<Denoiser>();
expectTypeOf(sampleSeeds({ denoiser, seeds: [0], shape: [8, 8, 3], solver: heun, batch: 4 })).toExtend<
  AsyncGenerator<{ seeds: number[]; images: Tensor }>
>();
