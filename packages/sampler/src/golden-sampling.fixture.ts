import '@tensorflow/tfjs';
import { guide, heun, karrasSchedule, type SolverOptions } from '@edm2/sampler';
import { describeWays } from '@edm2/test-engines';
import { type GoldenFile, nchwToNhwc, readGolden, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { goldenDenoiser, goldenTensor } from './golden-net.fixture.js';

/** A file per net, so that the two run side by side: 63 evaluations on the plain cpu backend take their time. */
export function describeGoldenSampling(file: string): void {
  describeWays(`sampling of ${file}`, (compile, { precision }) => {
    const golden = readGolden(file);
    const eight = karrasSchedule({ steps: 8 });
    let main: ReturnType<typeof goldenDenoiser>;
    let noise: tf.Tensor;
    let labels: tf.Tensor | undefined;

    beforeAll(() => {
      main = compile(goldenDenoiser(golden, 'init.', 'config'));
      noise = goldenTensor(golden.get('sample.noise'));
      labels = golden.has('sample.labels') ? goldenTensor(golden.get('sample.labels')) : undefined;
    });

    // Another framework's float32 sums, through up to 63 evaluations; measured 3e-7 to 6e-7 on every engine; in bfloat16 at most 2.9e-3.
    const expectSample = async (name: string, denoiser: typeof main, options: SolverOptions, rows = 2) => {
      const [start, given] = [tf.slice(noise, [0], [rows]), labels && tf.slice(labels, [0], [rows])];
      const x = await heun(denoiser, start, { labels: given, ...options });
      const expected = nchwToNhwc(golden.get(name)).data.subarray(0, x.size);
      const error = relativeError(x.dataSync(), expected);
      expect(error).toBeLessThan(precision === 'float32' ? 2e-5 : 1e-2);
      // In 16 bit something was rounded.
      if (precision === 'bfloat16') expect(error).toBeGreaterThan(1e-4);
      tf.dispose([x, start, given ?? []]);
    };

    // One image of the two: it does not depend on the other, and the plain cpu backend is slow.
    it('Heun, 32 steps', { timeout: 600_000 }, () =>
      expectSample('sample.heun32_f32', main, { sigmas: karrasSchedule() }, 1),
    );

    it('guided by a smaller net, 8 steps', () => {
      const smaller = compile(goldenDenoiser(golden, 'gnet.', 'gnet_config'));
      return expectSample('sample.heun8_guidance1.7', guide({ main, guide: smaller, weight: 1.7 }), { sigmas: eight });
    });

    it('churned with the stored noises, 8 steps', () =>
      expectSample('sample.churn8', main, {
        sigmas: eight,
        // The file does not name these; they are EDM's for ImageNet, and only they give its numbers.
        churn: { sChurn: 40, sMin: 0.05, sMax: 50, sNoise: 1.003 },
        random: storedNoises(golden),
      }));
  });
}

function storedNoises(golden: GoldenFile): tf.Tensor[] {
  const { shape, data } = golden.get('sample.churn8.noises');
  const [count = 0, ...rest] = shape;
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) =>
    goldenTensor({ shape: rest, data: data.slice(i * size, (i + 1) * size) }),
  );
}
