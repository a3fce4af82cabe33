import { join } from 'node:path';
import { createDinov2 } from '@edm2/fid/dinov2';
import { createInception } from '@edm2/fid/inception';
import { createRandom } from '@edm2/random';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { fromStateDict, type ParameterSpec, type StateDict, toFileShape } from '@edm2/tensor-files/tfjs';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { type FeatureNet, type FeatureWork, IMAGES, sideOf, VISION_TRANSFORMERS, WEIGHTS } from '../fid.js';
import type { Run } from './runs.js';

type Params = Readonly<Record<string, tf.Tensor>>;

interface Network {
  readonly parameters: readonly ParameterSpec[];
  /** What is read back: the features alone. */
  features(params: Params, images: tf.Tensor): tf.Tensor;
}

function networkOf(net: FeatureNet): Network {
  if (net === 'inception') {
    const { parameters, apply } = createInception();
    return { parameters, features: (params, images) => apply(params, images).pool };
  }
  const { parameters, apply } = createDinov2(VISION_TRANSFORMERS[net]);
  return { parameters, features: apply };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Variances are positive, scales near 1, all else N(0, 1)·√(2/fan_in), so that signals neither die nor explode. */
function makeWeights(parameters: readonly ParameterSpec[]): StateDict {
  const random = createRandom(0);
  return Object.fromEntries(
    parameters.map(({ name, shape: ours, kind }) => {
      const shape = toFileShape(ours);
      const fanIn = sizeOf(shape.slice(1));
      const normals = random.stream(name).normal(sizeOf(shape));
      if (name.endsWith('running_var') || (kind === 'norm' && name.endsWith('.weight')))
        return [name, { shape, data: normals.map((value) => Math.exp(value / 10)) }];
      const scale = kind === 'weight' ? Math.sqrt(2 / fanIn) : 0.1;
      return [name, { shape, data: normals.map((value) => value * scale) }];
    }),
  );
}

/** Writes weights and images that both sides read. */
export async function storeFeatureWork({ net, batch, folder }: FeatureWork): Promise<void> {
  await writeSafetensors(join(folder, WEIGHTS), makeWeights(networkOf(net).parameters));
  const shape = [batch, sideOf(net), sideOf(net), 3];
  const data = createRandom(1)
    .stream('images')
    .uniform(sizeOf(shape))
    .map((value) => Math.floor(value * 256));
  await writeSafetensors(join(folder, IMAGES), { images: { shape, data } });
}

/** A network with constant weights, as the command `fid` runs it. */
export interface FeatureRun extends Run {
  /** The features of the last run, to a file as `features`. */
  write(path: string): Promise<void>;
}

/** Compiles one. @param work - whose folder is filled. */
export async function featureRun({ net, folder }: FeatureWork): Promise<FeatureRun> {
  const network = networkOf(net);
  const weights = await readSafetensors(join(folder, WEIGHTS));
  const dict: StateDict = {};
  for (const { name } of network.parameters) dict[name] = await weights.readFloat32(name);
  await weights.close();
  const params = fromStateDict(network.parameters, dict);
  const stored = await readSafetensors(join(folder, IMAGES));
  const { data, shape } = await stored.readFloat32('images');
  await stored.close();
  const images = tf.tensor(data, [...shape]);
  const compiled = jit((x: tf.Tensor) => network.features(params, x));
  let last = new Float32Array();
  return {
    run() {
      const features = compiled(images);
      last = Float32Array.from(features.dataSync());
      features.dispose();
    },
    sessions: () => compiled.cacheSize,
    write: (path) =>
      writeSafetensors(path, { features: { shape: [shape[0] ?? 0, last.length / (shape[0] ?? 1)], data: last } }),
  };
}
