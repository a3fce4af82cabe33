import '@tensorflow/tfjs';
import {
  cosineAttention,
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
  forcedWeightNorm,
  MPConcat,
  MPConv2D,
  MPDense,
  MPFourier,
  MPSilu,
  MPSum,
  PixelNorm,
} from '@edm2/mp-layers/layers';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => tf.setBackend('cpu'));

const image = tf.randomNormal<tf.Rank.R4>([2, 4, 4, 8], 0, 1, 'float32', 1);
const other = tf.randomNormal<tf.Rank.R4>([2, 4, 4, 8], 0, 1, 'float32', 2);
const kernel = tf.randomNormal<tf.Rank.R4>([1, 1, 8, 24], 0, 3, 'float32', 3);
const dense = tf.randomNormal<tf.Rank.R2>([8, 5], 0, 3, 'float32', 4);
const near = (a: tf.Tensor, b: tf.Tensor): void => {
  expect(a.shape).toEqual(b.shape);
  expect(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]).toBeLessThan(1e-5);
};

test('defaults are those of the reference', () => {
  near(normalize(image, [3]), normalize(image, [3], { eps: 1e-4 }));
  near(pixelNorm(image), normalize(image, [-1 + 4]));
  near(weightNorm(kernel), normalize(kernel, [0, 1, 2]));
  near(mpSum(image, other), mpSum(image, other, 0.5));
  near(mpCat(image, other), mpCat(image, other, 0.5));
  near(downsample2d(image), downsample2d(image, [1, 1]));
  near(upsample2d(image), upsample2d(image, [1, 1]));
  near(downsample2d(upsample2d(image)), image);
  near(mpConv2d(image, kernel), mpConv2d(image, kernel, { gain: 1 }));
  near(mpConv2d(image, kernel, { gain: 2 }), tf.mul(mpConv2d(image, kernel), 2));
  const flat = tf.reshape<tf.Rank.R2>(image, [-1, 8]);
  near(mpDense(flat, dense), mpDense(flat, dense, { gain: 1 }));
  const proj = tf.slice(kernel, [0, 0, 0, 0], [1, 1, 8, 8]);
  const heads = { qkv: kernel, proj, heads: 2 };
  near(cosineAttention(image, heads), cosineAttention(image, { ...heads, balance: 0.3 }));
  expect(mpFourier(tf.zeros([3]), tf.ones([6]), tf.zeros([6])).shape).toEqual([3, 6]);
  near(mpSilu(image), tf.div(tf.mul(image, tf.sigmoid(image)), 0.596));
});

test('the classes of ./layers are layers, and the constraint a constraint', () => {
  const made = [
    new MPConv2D({ filters: 2 }),
    new MPDense({ units: 2 }),
    new MPSilu({}),
    new MPSum({}),
    new MPConcat({}),
    new PixelNorm({}),
    new MPFourier({ channels: 4 }),
  ];
  for (const layer of made) expect(layer.getConfig()).toMatchObject({ name: layer.name });
  near(forcedWeightNorm().apply(dense), weightNorm(dense));
});
