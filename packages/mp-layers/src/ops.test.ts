import '@tensorflow/tfjs';
import {
  downsample2d,
  mpCat,
  mpConv2d,
  mpDense,
  mpFourier,
  mpSilu,
  mpSum,
  normalize,
  pixelNorm,
  upsample2d,
  weightNorm,
} from '@edm2/mp-layers';
import {
  type GoldenArray,
  maxAbsoluteError,
  nchwToNhwc,
  oihwToHwio,
  oiToIo,
  readGolden,
  relativeError,
} from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

const golden = readGolden('ops');
const ours = (a: GoldenArray): GoldenArray => (a.shape.length === 4 ? nchwToNhwc(a) : a);
const tensor = ({ shape, data }: GoldenArray): tf.Tensor => tf.tensor(Float32Array.from(data), shape);
const image = (name: string): tf.Tensor4D => tensor(ours(golden.get(name))) as tf.Tensor4D;

/** Float32 values of both sides are of order 1: 1e-5 is some 100 roundings. */
const expectValues = (actual: tf.Tensor, name: string): void => {
  const expected = ours(golden.get(name));
  expect(actual.shape).toEqual(expected.shape);
  expect(maxAbsoluteError(actual.dataSync(), expected.data)).toBeLessThan(1e-5);
};

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('values against the reference', () => {
  const x = () => image('normalize.x');
  const cases: [string, () => tf.Tensor][] = [
    ['normalize.all', () => normalize(x(), [1, 2, 3])],
    ['normalize.pixel', () => pixelNorm(x())],
    ['resample.down', () => downsample2d(x())],
    ['resample.up', () => upsample2d(x())],
    ['resample.down_1331', () => downsample2d(x(), [1, 3, 3, 1])],
    ['resample.up_1331', () => upsample2d(x(), [1, 3, 3, 1])],
    ['mp_silu', () => mpSilu(x())],
    ['mp_sum.t0.3', () => mpSum(x(), image('mp_sum.b'), 0.3)],
    ['mp_sum.t0.5', () => mpSum(x(), image('mp_sum.b'))],
    ['mp_cat.t0.3', () => mpCat(x(), image('mp_cat.b'), 0.3)],
    ['mp_cat.t0.5', () => mpCat(x(), image('mp_cat.b'))],
    [
      'mp_fourier.y',
      () =>
        mpFourier(
          tensor(golden.get('mp_fourier.x')),
          tensor(golden.get('mp_fourier.freqs')),
          tensor(golden.get('mp_fourier.phases')),
        ),
    ],
  ];
  it.each(cases)('%s', (name, compute) => {
    expectValues(compute(), name);
  });
});

describe.each(['conv3', 'conv1', 'linear'] as const)('%s', (layer) => {
  const dense = layer === 'linear';
  const toOurs = dense ? oiToIo : oihwToHwio;
  const weight = tensorOf(toOurs(golden.get(`${layer}.weight`)));
  const forced = tensorOf(toOurs(golden.get(`${layer}.weight_after_forced`)));
  const x = tensorOf(ours(golden.get(`${layer}.x`)));
  const cotangent = tensorOf(ours(golden.get(`${layer}.cotangent`)));
  const apply = (a: tf.Tensor, w: tf.Tensor, gain?: number | tf.Tensor): tf.Tensor =>
    dense
      ? mpDense(a, w, gain === undefined ? {} : { gain })
      : mpConv2d(a as tf.Tensor4D, w as tf.Tensor4D, gain === undefined ? {} : { gain });

  it('normalises on use and scales by the gain', () => {
    expectValues(apply(x(), weight(), 0.7), `${layer}.y_eval_gain0.7`);
    expectValues(apply(x(), weight(), tf.scalar(0.7)), `${layer}.y_eval_gain0.7`);
    expectValues(apply(x(), weight(), tf.tensor1d([0.7])), `${layer}.y_eval_gain0.7`);
  });

  it('forces the stored weight to unit magnitude', () => {
    expect(maxAbsoluteError(weightNorm(weight()).dataSync(), forced().dataSync())).toBeLessThan(1e-5);
    expectValues(apply(x(), weightNorm(weight())), `${layer}.y_train`);
  });

  it('has the reference gradients', () => {
    const objective = (a: tf.Tensor, w: tf.Tensor): tf.Scalar => tf.sum(tf.mul(apply(a, w), cotangent()));
    const [dx, dw] = tf.grads(objective)([x(), forced()]) as [tf.Tensor, tf.Tensor];
    expect(relativeError(dx.dataSync(), ours(golden.get(`${layer}.grad_x`)).data)).toBeLessThan(1e-4);
    expect(relativeError(dw.dataSync(), toOurs(golden.get(`${layer}.grad_weight`)).data)).toBeLessThan(1e-4);
  });
});

function tensorOf(a: GoldenArray): () => tf.Tensor {
  return () => tensor(a);
}
