import { createUNet, type UNet, type UNetOptions } from '@edm2/edm2-unet';
import { sampleSigmas } from '@edm2/loss-weighting';
import { type GoldenArray, nchwToNhwc, oihwToHwio, oiToIo, readGolden } from '@edm2/test-support';
import {
  type AdamMoments,
  adam,
  createTrainStep,
  ladderUncertainty,
  type Params,
  type TrainBatch,
  type TrainState,
  trainingLadder,
} from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';

/** Test helper: a stored PyTorch training run in this package's terms. */
export interface GoldenRun {
  readonly unet: UNet;
  readonly training: ReturnType<typeof createTrainStep<AdamMoments>>;
  readonly steps: number;
  readonly losses: readonly number[];
  /** The stored initial weights with fresh moments and averages. */
  start(): TrainState<AdamMoments>;
  batch(step: number): TrainBatch;
  /** Arrays below `train.<what>.` (or `init.`), in this package's layouts. */
  expected(what: string): Record<string, GoldenArray>;
  readonly lossMap0: GoldenArray;
}

const toTensor = ({ shape, data }: GoldenArray): tf.Tensor => tf.tensor(Float32Array.from(data), shape, 'float32');

const ours = (name: string, a: GoldenArray): GoldenArray => {
  if (name.endsWith('_gain')) return { shape: [], data: a.data };
  if (a.shape.length === 4) return oihwToHwio(a);
  return a.shape.length === 2 ? oiToIo(a) : a;
};

const rowOf = ({ shape, data }: GoldenArray, index: number): GoldenArray => {
  const length = data.length / (shape[0] ?? 1);
  return { shape: shape.slice(1), data: data.slice(index * length, (index + 1) * length) };
};

const camelCase = (options: object): UNetOptions =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key.replace(/_(.)/g, (_, c: string) => c.toUpperCase()), value]),
  ) as unknown as UNetOptions;

/** @param trace - the file that holds the training steps. */
export function goldenRun(name: string, trace = name): GoldenRun {
  const golden = readGolden(name);
  const steps = readGolden(trace);
  const metadata = (key: string) => JSON.parse(golden.metadata[key] ?? 'null');
  const { betas, eps } = metadata('adam');
  const letter = (golden.metadata['letter'] ?? 'G') as keyof typeof trainingLadder;
  const recipe = trainingLadder[letter];
  const { pMean, pStd } = recipe;
  const unet = createUNet({ config: letter, ...camelCase(metadata('config')) });
  const training = createTrainStep({
    unet,
    uncertainty: recipe.uncertainty ? ladderUncertainty(unet.vocabulary) : undefined,
    lossScale: recipe.lossScale,
    optimizer: adam({ beta1: betas[0], beta2: betas[1], eps }),
  });
  const images = metadata('batch') as number;
  const expected = (what: string): Record<string, GoldenArray> =>
    Object.fromEntries(Object.entries(golden.under(what)).map(([key, array]) => [key, ours(key, array)]));
  const row = (what: string, step: number): GoldenArray => rowOf(steps.get(`train.${what}`), step);
  return {
    unet,
    training,
    steps: metadata('steps'),
    losses: metadata('losses'),
    lossMap0: nchwToNhwc(golden.get('train.loss_map0')),
    expected: (what) => expected(what === 'init' ? 'init.' : `train.${what}.`),
    start() {
      const fresh = training.init(0);
      const stored = expected('init.');
      // In the order of a step's results: records of another order are compiled anew.
      const filled = (like: Params): Params =>
        Object.fromEntries(
          Object.keys(like).map((key) => [
            key,
            toTensor(stored[key] ?? { shape: [], data: Float32Array.of(Number.NaN) }),
          ]),
        );
      const [params, uncertainty] = [fresh.params, fresh.uncertainty].map(filled) as [Params, Params];
      tf.dispose([fresh.params, fresh.uncertainty]);
      return { ...fresh, params, uncertainty };
    },
    batch: (step) => ({
      images: toTensor(nchwToNhwc(row('images', step))),
      noise: toTensor(nchwToNhwc(row('noise_unit', step))),
      sigma: tf.tidy(() => sampleSigmas(tf.tensor1d(Float32Array.from(row('rnd_normal', step).data)), { pMean, pStd })),
      ...(steps.has('train.labels') ? { labels: toTensor(row('labels', step)) } : {}),
      learningRate: tf.scalar(metadata('lrs')[step]),
      t: tf.scalar((step + 1) * images),
      dt: tf.scalar(images),
    }),
  };
}
