import '@tensorflow/tfjs';
import { createUNet, forceWeightNorm, ladder, type Params, precondition } from '@edm2/edm2-unet';
import { mpDense, weightNorm } from '@edm2/mp-layers';
import { describeWays } from '@edm2/test-engines';
import {
  type GoldenArray,
  maxAbsoluteError,
  readGolden,
  relativeError,
  useQuickFilterGradient,
} from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectRounded, goldenOptions, goldenParams, goldenTensor, rowOf, weightArray } from './golden-net.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  useQuickFilterGradient();
});

const HEAD = 'logvar_linear.weight';

const missing = (): never => {
  throw new Error('missing in the golden file');
};

interface Batch {
  images: tf.Tensor;
  noise: tf.Tensor;
  sigma: tf.Tensor;
  labels: tf.Tensor;
}

describe.each(['A', 'B', 'C', 'D', 'E', 'F'] as const)('config %s', (config) => {
  const golden = readGolden(`ladder-${config.toLowerCase()}`);
  const unet = createUNet({ config, ...goldenOptions(golden) });
  const denoiser = precondition(unet);
  const tensor = (name: string): tf.Tensor => goldenTensor(golden.get(name));
  const params = (): Params => goldenParams(golden, 'init.');

  it('lists exactly the parameters of the file', () => {
    const stored = Object.entries(golden.under('init.')).filter(([name]) => !name.startsWith('logvar'));
    const expected = stored.map(([name, array]) => `${name} ${weightArray(name, array).shape}`);
    expect(unet.parameters.map(({ name, shape }) => `${name} ${shape}`).sort()).toEqual(expected.sort());
  });

  const denoise = (p: Params, x: tf.Tensor, sigma: tf.Tensor, labels?: tf.Tensor) =>
    denoiser(p)(x as tf.Tensor4D, sigma, labels);

  /** The weighted loss by element, of a batch whose noise is still to be added. */
  const lossMap = (p: Params, { images, noise, sigma, labels }: Batch): tf.Tensor => {
    const s = tf.reshape(sigma, [-1, 1, 1, 1]);
    const lambda = tf.div(tf.add(tf.square(s), 0.25), tf.square(tf.mul(s, 0.5)));
    const error = tf.square(tf.sub(denoise(p, tf.add(images, tf.mul(noise, s)), sigma, labels), images));
    if (config === 'A') return tf.mul(lambda, error);
    const [freqs, phases] = [p['logvar_fourier.freqs'] ?? missing(), p['logvar_fourier.phases'] ?? missing()];
    const features = tf.cos(tf.add(tf.mul(tf.reshape(tf.mul(tf.log(sigma), 0.25), [-1, 1]), freqs), phases));
    const product =
      unet.vocabulary.layer === ladder.D.layer ? mpDense : (a: tf.Tensor, w: tf.Tensor) => tf.matMul(a, w);
    const plain = product(features, p[HEAD] ?? missing());
    const bias = p['logvar_linear.bias'];
    const u = tf.reshape(bias ? tf.add(plain, bias) : plain, [-1, 1, 1, 1]);
    return tf.add(tf.mul(tf.div(lambda, tf.exp(u)), error), u);
  };

  const firstBatch = (): Batch => {
    const row = (name: string) => goldenTensor(rowOf(golden.get(`train.${name}`), 0));
    const { P_mean: mean, P_std: std } = golden.metadata;
    const sigma = tf.exp(tf.add(Number(mean), tf.mul(Number(std), tf.reshape(row('rnd_normal'), [-1]))));
    return { images: row('images'), noise: row('noise_unit'), sigma, labels: row('labels') };
  };

  describeWays('against the file', (compile, { precision, compiled }) => {
    const exact = precision === 'float32';

    // Files are float64 results rounded to float32; PyTorch's own float32 is up to 8e-7 away.
    if (exact)
      it('computes the raw network, layer by layer', () => {
        const expected = golden.under('fwd.rms.');
        const watched = compile((p: Params, x: tf.Tensor, cNoise: tf.Tensor, labels: tf.Tensor) => {
          const layers: Params = {};
          const output = unet.apply(p, x as tf.Tensor4D, cNoise, labels, {
            onActivation(name, value) {
              const axes = value.shape.map((_, axis) => axis).slice(1);
              const rms = tf.sqrt(tf.mean(tf.square(value), axes));
              layers[name] = compiled ? rms : tf.keep(rms);
            },
          });
          return { output, layers };
        });
        const { output, layers } = watched(params(), tensor('fwd.raw_in'), tensor('fwd.c_noise'), tensor('fwd.labels'));
        const off = Object.entries(layers).filter(([name, rms]) => {
          const reference = expected[name] ?? expected[`${name}(out)`];
          return !(relativeError(rms.dataSync(), reference?.data ?? []) < 2e-5);
        });
        expect(off.map(([name]) => name)).toEqual([]);
        expect(Object.keys(layers).length).toBe(Object.keys(expected).length);
        expect(maxAbsoluteError(output.dataSync(), tensor('fwd.raw_out').dataSync())).toBeLessThan(2e-5);
      });

    it('denoises, with and without a label', () => {
      const forward = compile(denoise);
      for (const [stored, labels] of [['fwd.denoised', tensor('fwd.labels')], ['fwd.denoised_nolabel']] as const) {
        const actual = forward(params(), tensor('fwd.x'), tensor('fwd.sigma'), labels).dataSync();
        if (exact) expect(maxAbsoluteError(actual, tensor(stored).dataSync())).toBeLessThan(2e-5);
        else expectRounded(actual, tensor(stored).dataSync());
      }
    });

    if (exact)
      it('has the reference gradients of the first training step', () => {
        const init = params();
        const start: Params = forceWeightNorm(unet, init);
        if (unet.vocabulary.forcedWeightNorm) start[HEAD] = weightNorm(init[HEAD] ?? missing());
        const everyFourthRow = golden.under('train.grad0_rows.');
        const expected = { ...golden.under('train.grad0.'), ...everyFourthRow };
        const names = Object.keys(expected);
        const step = compile((weights: Params, batch: Batch) =>
          tf.valueAndGrads((...values: tf.Tensor[]) => {
            const trained = Object.fromEntries(names.map((name, i) => [name, values[i] ?? missing()]));
            return tf.div(tf.sum(lossMap({ ...weights, ...trained }, batch)), batch.images.shape[0] ?? 0);
          })(names.map((name) => weights[name] ?? missing())),
        );
        const batch = firstBatch();
        const { value, grads } = step(start, batch);
        const total = Array.from(golden.get('train.loss_map0').data).reduce((sum, v) => sum + v, 0);
        const meanLoss = value.dataSync()[0] ?? Number.NaN;
        expect(meanLoss / (total / (batch.images.shape[0] ?? 0))).toBeCloseTo(1, 5);

        const off = names.filter((name, i) => {
          const actual = inFile(name, grads[i] ?? missing(), name in everyFourthRow);
          const reference = (expected[name] ?? missing()).data;
          // Softmax ignores a shift of all keys: the k part of the bias has gradient 0, in float32 noise.
          const keys = name.endsWith('attn_qkv.bias');
          const drop = (a: ArrayLike<number>) => (keys ? Array.from(a).filter((_, j) => j % 3 !== 1) : a);
          return !(relativeError(drop(actual), drop(reference)) < 2e-4);
        });
        expect(off).toEqual([]);
        const heads = names.filter((name) => name.startsWith('logvar')).length;
        expect(names.length - heads).toBe(unet.parameters.filter(({ kind }) => kind !== 'buffer').length);
      });
  });
});

/** A gradient in the file's layout, every fourth row of it when the file was trimmed. */
function inFile(name: string, gradient: tf.Tensor, fourth: boolean): ArrayLike<number> {
  if (!name.endsWith('weight') || gradient.rank < 2) return gradient.dataSync();
  const outFirst = tf.transpose(gradient, gradient.rank === 4 ? [3, 2, 0, 1] : [1, 0]);
  const all: GoldenArray = { shape: outFirst.shape, data: outFirst.dataSync() as Float32Array };
  if (!fourth) return all.data;
  return Array.from({ length: (all.shape[0] ?? 0) / 4 }, (_, i) => Array.from(rowOf(all, 4 * i).data)).flat();
}
