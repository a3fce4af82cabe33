// CommonJS. Images whose pixels are independent N(mean, std²): their denoiser is known exactly, and so is where the sampler must arrive.
const assert = require('node:assert/strict');
const { heun, karrasSchedule, sampleSeeds } = require('@edm2/sampler');
const tf = require('@tensorflow/tfjs');

const mean = 0.3;
const std = 0.5;
const denoiser = (x, sigma) =>
  tf.tidy(() => {
    const s2 = tf.square(tf.reshape(sigma, [-1, 1, 1, 1]));
    return tf.div(tf.add(tf.mul(x, std ** 2), tf.mul(s2, mean)), tf.add(s2, std ** 2));
  });

async function main() {
  const noise = tf.randomNormal([16, 8, 8, 3], 0, 1, 'float32', 1);
  const sigmas = karrasSchedule({ steps: 64 });
  const x = await heun(denoiser, noise, { sigmas });
  // The exact solution of the flow from noise n at σ: mean + (σ·n − mean)·std / √(std² + σ²).
  const exact = tf.add(mean, tf.mul(tf.sub(tf.mul(noise, sigmas[0]), mean), std / Math.hypot(std, sigmas[0])));
  const error = tf.max(tf.abs(tf.sub(x, exact))).dataSync()[0];
  console.log(`64 steps of Heun: at most ${error.toFixed(4)} from the exact solution`);
  assert.ok(error < 0.02);

  const images = {};
  for (const batch of [3, 2])
    for await (const { seeds, images: of } of sampleSeeds({ denoiser, seeds: [5, 6, 7], shape: [8, 8, 3], batch }))
      seeds.forEach((seed, i) => {
        const image = [...tf.slice(of, [i], [1]).dataSync()];
        images[seed] ??= image;
        assert.deepEqual(image, images[seed]);
      });
  console.log('a seed gives the same image in any batch');
}

main();
