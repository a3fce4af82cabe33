import '@tensorflow/tfjs';
import { type Engine, jit } from '@edm2/tfjs-jit';
import { type Graph, newValue } from '@edm2/tfjs-jit/graph';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { lowerToStableHlo } from '../lower-to-stablehlo.js';

beforeAll(() => tf.setBackend('cpu'));

/** The ops of a function in 16 bit, without running it. */
function opsOf<Args extends readonly unknown[]>(
  fn: (...args: Args) => unknown,
  args: Args,
  precision: 'bfloat16' | 'float16',
): string[] {
  let text = '';
  const engine: Engine = {
    name: 'recorder',
    backend: 'cpu',
    precisions: ['float32', 'bfloat16', 'float16'],
    compile(graph, options) {
      text = lowerToStableHlo(graph, options).text;
      throw new Error('recorded');
    },
  };
  expect(() => jit(fn, { engine, precision })(...args)).toThrow('recorded');
  return text.split('\n');
}

const named = (ops: readonly string[], name: string): string[] =>
  ops.filter((op) => op.includes(`"stablehlo.${name}"`));

/** Two convolutions with what EDM2 has between them, and a loss against float32 images: gradients of all weights. */
function step(x: tf.Tensor, labels: tf.Tensor, first: tf.Tensor, second: tf.Tensor, embed: tf.Tensor): tf.Tensor[] {
  const loss = (...[a, b, c]: tf.Tensor[]): tf.Scalar => {
    const scale = tf.reshape(tf.matMul(labels, c as tf.Tensor), [96, 1, 1, 128]);
    const y = tf.mul(tf.conv2d(x as tf.Tensor4D, a as tf.Tensor4D, 1, 'same'), scale);
    const unit = tf.div(y, tf.sqrt(tf.add(tf.mean(tf.square(y), -1, true), 1e-4)));
    const z = tf.conv2d(tf.div(tf.mul(unit, tf.sigmoid(unit)), 0.596) as tf.Tensor4D, b as tf.Tensor4D, 1, 'same');
    return tf.mean(tf.square(tf.sub(tf.mul(z, 0.1), x))) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)([first, second, embed]);
  return [value, ...grads];
}

const ARGS = [
  [96, 4, 4, 3],
  [96, 80],
  [3, 3, 3, 128],
  [3, 3, 128, 3],
  [80, 128],
].map((shape) => tf.zeros(shape));

describe.each([
  ['bfloat16', 'bf16'],
  ['float16', 'f16'],
] as const)('a step in %s', (precision, type) => {
  const ops = opsOf(step, ARGS as unknown as Parameters<typeof step>, precision);

  test('has every convolution in it, operands and result', () => {
    const convolutions = named(ops, 'convolution');
    // The gradient to the images is nobody's.
    expect(convolutions).toHaveLength(5);
    for (const op of convolutions) expect(op.match(/x(bf16|f16|f32)>/g)).toEqual(Array(3).fill(`x${type}>`));
  });

  test('has the activations in it between convolutions, whose sums are float32', () => {
    const activation = named(ops, 'logistic');
    expect(activation).not.toEqual([]);
    for (const op of activation) expect(op).toContain(`tensor<96x4x4x128x${type}>`);
    for (const op of named(ops, 'reduce')) expect(op).toContain('f32');
    expect(named(ops, 'reduce').some((op) => op.includes(type))).toBe(false);
  });

  test('has embeddings of whatever size, the loss and what comes out in float32', () => {
    const products = named(ops, 'dot_general');
    expect(products).toHaveLength(2);
    for (const op of products) expect(op).not.toContain(type);
    // The error is taken of float32 images.
    const errors = named(ops, 'subtract').filter((op) => op.includes('96x4x4x3x'));
    expect(errors).not.toEqual([]);
    for (const op of errors) expect(op).not.toContain(type);
    expect(ops.find((op) => op.startsWith('return '))).not.toContain(type);
  });

  test('converts where types meet, and not around every op', () => {
    const large = ops.filter((op) => op.includes('= "stablehlo.') && op.includes('96x4x4x128'));
    const pairs = named(large, 'convert').length;
    expect(pairs).toBeGreaterThan(0);
    expect(pairs).toBeLessThan(large.length / 2);
  });
});

test('numbers that 16 bit would round are multiplied in float32, and others are not', () => {
  const fn = (x: tf.Tensor4D, w: tf.Tensor4D) => {
    const y = tf.conv2d(x, w, 1, 'same');
    return [0.5, 0.1].map((factor) => tf.conv2d(tf.mul(y, factor) as tf.Tensor4D, w, 1, 'same'));
  };
  const products = named(
    opsOf(fn, [tf.zeros<tf.Rank.R4>([1, 4, 4, 2]), tf.zeros<tf.Rank.R4>([3, 3, 2, 2])], 'bfloat16'),
    'multiply',
  );
  expect(products.map((op) => /x(bf16|f32)>/.exec(op)?.[1]).sort()).toEqual(['bf16', 'f32']);
});

test('a mask that is given does not take what it masks out of 16 bit, a residual of float32 does', () => {
  const fn = (x: tf.Tensor4D, w: tf.Tensor4D, given: tf.Tensor4D) => {
    const y = tf.conv2d(x, w, 1, 'same');
    const [masked, moved] = [tf.mul(y, given), tf.add(y, tf.exp(given))].map(tf.neg) as [tf.Tensor4D, tf.Tensor4D];
    return [tf.conv2d(masked, w, 1, 'same'), tf.conv2d(moved, w, 1, 'same')];
  };
  const negated = named(
    opsOf(
      fn,
      [tf.zeros<tf.Rank.R4>([1, 4, 4, 2]), tf.zeros<tf.Rank.R4>([3, 3, 2, 2]), tf.zeros<tf.Rank.R4>([1, 4, 4, 2])],
      'float16',
    ),
    'negate',
  );
  expect(negated.map((op) => /x(f16|f32)>/.exec(op)?.[1])).toEqual(['f16', 'f32']);
});

test('float32 products keep every digit unless TF32 is allowed', () => {
  const [image, filter] = [newValue([1, 4, 4, 2], 'float32'), newValue([3, 3, 2, 2], 'float32')];
  const output = newValue([1, 4, 4, 2], 'float32');
  const pad = [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ];
  const attrs = { strides: [1, 1], dilations: [1, 1], pad };
  const node = { kernel: 'Conv2D', op: 'conv2d', inputs: [image, filter], outputs: [output], attrs };
  const graph: Graph = { inputs: [image, filter], constants: new Map(), nodes: [node], outputs: [output] };
  const options = { state: [], donated: new Set<number>(), precision: 'float32' as const };
  expect(lowerToStableHlo(graph, options).text).toContain('precision HIGHEST');
  expect(lowerToStableHlo(graph, options, { tf32: true }).text).not.toContain('precision');
});
