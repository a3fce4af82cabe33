// Images → latents of an autoencoder → a dataset → samples of a diffusion model → images → their distance from the real ones.
// The model is the exact denoiser of independent Gaussians, in closed form: a trained network takes its place.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createWriter, openDataset } from '@edm2/dataset';
import { createStatistics, frechetDistance } from '@edm2/fid';
import {
  createLatentCodec,
  createLatentNormalizer,
  inBatches,
  measureRawStatistics,
  splitRawLatents,
} from '@edm2/latent-vae';
import { hashAutoencoder, loadAutoencoder, saveRawStatistics } from '@edm2/latent-vae/node';
import { createRandom } from '@edm2/random';
import { karrasSchedule, sampleSeeds } from '@edm2/sampler';
import { jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { writeAutoencoder } from './autoencoder.js';

const COUNT = 96;
const SIDE = 16;
const engine = await startOnnxRuntime();
const random = createRandom(7);

// Pictures: one colour each, with a bright bar somewhere.
const pictures = tf.tensor4d(
  Array.from({ length: COUNT }, (_, n) => {
    const [r, g, b] = random.stream('colour', n).integers(3, 160);
    const [bar] = random.stream('bar', n).integers(1, SIDE - 4);
    return Array.from({ length: SIDE }, () =>
      Array.from({ length: SIDE }, (_, x) => (x >= bar && x < bar + 4 ? [r + 90, g + 90, b + 90] : [r, g, b])),
    );
  }),
);

// An autoencoder, and a dataset of what it makes of the pictures: means and deviations, as EDM2 stores them.
await writeAutoencoder('tiny-vae');
const { vae, params } = await loadAutoencoder('tiny-vae');
const posterior = jit(
  (pixels) => {
    const { mean, std } = vae.encode(params, tf.div(pixels, 255));
    return tf.concat([mean, std], -1);
  },
  { engine },
);
const raw = await inBatches(posterior, pictures, { batch: 16 });
rmSync('latents.zip', { force: true });
const writer = await createWriter('latents.zip', { kind: 'latents' });
const planes = tf.unstack(tf.transpose(raw, [0, 3, 1, 2]));
for (const [i, plane] of planes.entries()) await writer.add(i, { shape: plane.shape, data: plane.dataSync() });
const parts = splitRawLatents(raw);
const statistics = await measureRawStatistics([parts]);
const normalizer = createLatentNormalizer(statistics);
const sha256 = await hashAutoencoder('tiny-vae');
await writer.finish({ labels: null, notes: { latents: { vae: 'tiny-vae', sha256, normalizer: normalizer.options } } });
console.log(
  `${COUNT} latents in latents.zip; statistics beside it: ${await saveRawStatistics('latents.zip', statistics)}`,
);

// What a network would be trained on, standardised: mean 0 and deviation 0.5 over all.
const dataset = await openDataset('latents.zip');
assert.equal(dataset.length, COUNT);
assert.equal(dataset.notes.latents.sha256, sha256);
await dataset.close();
const latents = normalizer.toLatents(parts.mean, parts.std, tf.randomNormal(parts.mean.shape, 0, 1, 'float32', 3));
const { mean, variance } = tf.moments(latents, 0);
assert.ok(Math.abs(tf.moments(latents).variance.dataSync()[0] - 0.25) < 0.01);

// The exact denoiser of that mean and variance.
const denoiser = jit(
  (x, sigma) => {
    const s2 = tf.square(tf.reshape(sigma, [-1, 1, 1, 1]));
    return tf.div(tf.add(tf.mul(x, variance), tf.mul(s2, mean)), tf.add(s2, variance));
  },
  { engine },
);
const codec = createLatentCodec({ vae, params, normalizer });
const decode = jit(codec.decode, { engine });
const drawn = [];
const seeds = Array.from({ length: COUNT }, (_, i) => i);
for await (const { images } of sampleSeeds({
  denoiser,
  seeds,
  shape: latents.shape.slice(1),
  sigmas: karrasSchedule({ steps: 24 }),
  batch: 32,
}))
  drawn.push(await inBatches(decode, images, { batch: 16 }));
const generated = tf.concat(drawn);
const real = await inBatches(decode, latents, { batch: 16 });
assert.deepEqual(generated.shape, [COUNT, SIDE, SIDE, 3]);

// Distances on a plain feature, the colours of quarters: a real one is on Inception's.
const distance = (a, b) => {
  const of = (images) => {
    const features = createStatistics(12);
    const quarters = tf.avgPool(images, SIDE / 2, SIDE / 2, 'valid');
    features.add(quarters.dataSync());
    return features.result();
  };
  return frechetDistance(of(a), of(b));
};
const far = distance(real, await inBatches(decode, tf.randomNormal(latents.shape, 0, 2, 'float32', 5), { batch: 16 }));
const near = distance(real, generated);
console.log(`Fréchet distance from decoded latents: ${near.toFixed(1)} of samples, ${far.toFixed(1)} of noise`);
assert.ok(near < far / 2);

const grid = tf.tidy(() => {
  const rows = tf.reshape(tf.slice(generated, [0, 0, 0, 0], [64, -1, -1, -1]), [8, 8, SIDE, SIDE, 3]);
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3, 4]), [8 * SIDE, 8 * SIDE, 3]);
});
await sharp(Uint8Array.from(grid.dataSync()), { raw: { width: 8 * SIDE, height: 8 * SIDE, channels: 3 } })
  .png()
  .toFile('samples.png');
console.log('64 of them: samples.png (of random weights: noise, but the right noise)');
