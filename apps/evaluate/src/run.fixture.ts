import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createUNet, initParams } from '@edm2/edm2-unet';
import { saveNetwork } from '@edm2/edm2-unet/node';
import { createRandom } from '@edm2/random';
import * as tf from '@tensorflow/tfjs-core';
import { createClassifier, CLASSIFIER_SHAPES as SHAPES, saveClassifier, writeReference } from 'edm2/parts';

/** A run's snapshots in `run`, and a judge (`classifier.safetensors`, `reference.safetensors`), of random weights. */
export async function writeRun(folder: string): Promise<void> {
  const at = (...names: string[]): string => join(folder, ...names);
  mkdirSync(at('run'));
  const unet = createUNet({
    config: 'G',
    imgResolution: 16,
    imgChannels: 1,
    labelDim: 10,
    modelChannels: 16,
    channelMult: [1, 2],
    numBlocks: 1,
    attnResolutions: [],
  });
  for (const [i, name] of ['0000001-0.050', '0000001-0.100', '0000002-0.050', '0000002-0.100'].entries()) {
    const params = initParams(unet, i + 1);
    for (const { name: key, kind } of unet.parameters)
      if (kind === 'gain') {
        params[key]?.dispose();
        params[key] = tf.scalar(0.5);
      }
    await saveNetwork(at('run', `network-snapshot-${name}.safetensors`), { unet, params });
    tf.dispose(params);
  }
  const random = createRandom(1);
  const classifier = createClassifier(
    Object.fromEntries(
      Object.entries(SHAPES).map(([name, shape]) => [
        name,
        tf.tensor(random.stream(name).normal(shape.reduce((a, b) => a * b, 1)), shape),
      ]),
    ),
    undefined,
  );
  await saveClassifier(at('classifier.safetensors'), classifier);
  const { dims } = classifier;
  const sigma = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i++) sigma[i * dims + i] = 1;
  await writeReference(at('reference.safetensors'), { mu: new Float64Array(dims), sigma, n: 1000 }, classifier);
  classifier.dispose();
}
