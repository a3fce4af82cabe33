import '@tensorflow/tfjs';
import { createLatentNormalizer, STABLE_DIFFUSION_RAW } from '@edm2/latent-vae';
import { createRandom } from '@edm2/random';
import { maxAbsoluteError, nchwToNhwc, readGolden } from '@edm2/test-support';
import { expect, test } from 'vitest';
import { drawLatents } from './draw-latents.js';

const { normalizer } = { normalizer: createLatentNormalizer(STABLE_DIFFUSION_RAW).options };
const golden = readGolden('vae');

test('EDM2’s latents of raw ones and noise', () => {
  const raw = nchwToNhwc(golden.get('edm2.raw'));
  const noise = nchwToNhwc(golden.get('edm2.noise'));
  const expected = nchwToNhwc(golden.get('edm2.latents'));
  const [count = 0, h = 0, w = 0, stored = 0] = raw.shape;
  const each = noise.data.length / count;
  // Stands in for the random streams: the golden file's own noise, image by image.
  const random = {
    stream: (_: string, n: number) => ({
      normal: () => Float32Array.from(noise.data.slice((n - 7) * each, (n - 6) * each)),
    }),
  } as unknown as ReturnType<typeof createRandom>;
  const values = Float32Array.from(raw.data);
  const drawn = drawLatents(
    { values, shape: [count, h, w, stored], startImage: 7 },
    { normalizer, posterior: 'sample' },
    random,
  );
  // One float32 rounding more or less, of values of order 1.
  expect(maxAbsoluteError(drawn, expected.data)).toBeLessThan(1e-6);
});

test('an image’s draw depends on seed and number alone; means have none', () => {
  const random = createRandom(5);
  const values = createRandom(1)
    .stream('values')
    .normal(6 * 2 * 2 * 4);
  const draw = (from: number, count: number, startImage: number, posterior: 'sample' | 'mean' = 'sample') =>
    drawLatents(
      { values: values.slice(from * 16, (from + count) * 16), shape: [count, 2, 2, 4], startImage },
      { normalizer: { rawMean: [1, 2], rawStd: [1, 3], finalMean: 0, finalStd: 0.5 }, posterior },
      random,
    );
  const whole = draw(0, 6, 100);
  expect([...draw(0, 2, 100), ...draw(2, 4, 102)]).toEqual([...whole]);
  // The next epoch.
  expect([...draw(0, 6, 106)]).not.toEqual([...whole]);
  expect([...draw(0, 6, 100, 'mean')]).toEqual([...draw(0, 6, 106, 'mean')]);
  expect(draw(0, 1, 100, 'mean')[1]).toBeCloseTo((((values[1] ?? 0) - 2) / 3) * 0.5, 6);
});
