import { draw } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { extents, from, type KernelCase } from './kernel-case.js';

const shape = fc.array(extents(4, 2), { minLength: 2, maxLength: 3 });
const integers = (seed: number, s: number[]): tf.Tensor =>
  tf.tidy(() => tf.sub(draw(seed, s, { below: 9 }), tf.scalar(4, 'int32')));
const bools = (seed: number, s: number[]): tf.Tensor => tf.tidy(() => tf.greater(draw(seed, s), 0));

/** Kernels that move elements take any dtype. */
const moves = (x: tf.Tensor): tf.Tensor[] => [
  tf.reshape(x, [-1]),
  tf.expandDims(x, 1),
  tf.transpose(x),
  tf.concat([x, x], 0),
  tf.stack([x, x], 1),
  ...tf.unstack(x, 0),
  ...tf.split(x, [1, (x.shape[0] ?? 1) - 1], 0),
  tf.slice(x, 1),
  tf.slice(x, 0, 1),
  tf.stridedSlice(x, [0, 0], [2, 2], [2, 1]),
  tf.tile(
    x,
    x.shape.map((_, i) => 1 + (i % 2)),
  ),
  tf.broadcastTo(x, [2, ...x.shape]),
  tf.pad(
    x,
    x.shape.map((_, i): [number, number] => [i, 1]),
  ),
  tf.reverse(x, [0]),
  tf.gather(x, tf.tensor1d([1, 0, 1], 'int32')),
  tf.gatherND(x, tf.tensor2d([[1], [0]], [2, 1], 'int32')),
  tf.where(tf.cast(tf.onesLike(x), 'bool'), x, x),
  tf.zerosLike(x),
  tf.onesLike(x),
  tf.clone(x),
  tf.cast(x, 'float32'),
  tf.cast(x, 'int32'),
  tf.cast(x, 'bool'),
];

/** Kernels on int32 and bool. */
export const dtypes: readonly KernelCase[] = [
  {
    name: 'moving int32',
    kernels: ['Transpose', 'Concat', 'Pack', 'Unpack', 'SplitV', 'Slice', 'StridedSlice', 'Tile', 'PadV2', 'Reverse'],
    tolerance: 0,
    calls: from(shape, (s, seed) => ({ fn: (x) => moves(x as tf.Tensor), inputs: [integers(seed, s)] })),
  },
  {
    name: 'moving bool',
    kernels: ['GatherV2', 'GatherNd', 'Select', 'ZerosLike', 'OnesLike', 'Cast', 'Identity'],
    tolerance: 0,
    calls: from(shape, (s, seed) => ({ fn: (x) => moves(x as tf.Tensor), inputs: [bools(seed, s)] })),
  },
  {
    name: 'int32 arithmetic and reductions',
    kernels: [
      'FloorDiv',
      'Mod',
      'Max',
      'Min',
      'Prod',
      'Sum',
      'ArgMax',
      'ArgMin',
      'Cumsum',
      'AddN',
      'Sign',
      'BatchMatMul',
    ],
    tolerance: 0,
    calls: from(shape, (s, seed) => ({
      fn: (a, b) => {
        const [x, y] = [a as tf.Tensor, b as tf.Tensor];
        const divisor = tf.where(tf.equal(y, 0), tf.onesLike(y), y);
        return [
          tf.floorDiv(x, divisor),
          tf.floorDiv(tf.mul(x, tf.scalar(123456789, 'int32')), divisor),
          tf.mod(x, divisor),
          tf.div(x, divisor),
          tf.maximum(x, y),
          tf.minimum(x, y),
          tf.pow(x, tf.abs(y)),
          tf.neg(x),
          tf.sign(x),
          tf.square(x),
          tf.relu(x),
          tf.clipByValue(x, -2, 2),
          tf.sum(x, 0),
          tf.prod(x, 1),
          tf.max(x, 0),
          tf.min(x, 1),
          tf.argMax(x, 0),
          tf.argMin(x, 1),
          tf.cumsum(x, 1),
          tf.addN([x, y, x]),
          tf.matMul(x, y, false, true),
          tf.matMul(x, y, true, false),
          tf.bitwiseAnd(x, y),
        ];
      },
      inputs: [integers(seed, s), integers(seed + 1, s)],
    })),
  },
  {
    name: 'bool reductions and logic',
    kernels: ['All', 'Any', 'Sum', 'LogicalAnd', 'LogicalOr', 'LogicalNot', 'Equal', 'NotEqual'],
    tolerance: 0,
    calls: from(shape, (s, seed) => ({
      fn: (a, b) => {
        const [x, y] = [a as tf.Tensor, b as tf.Tensor];
        return [
          tf.all(x, 0),
          tf.any(x, 1),
          tf.sum(x, 0),
          tf.logicalAnd(x, y),
          tf.logicalOr(x, y),
          tf.logicalXor(x, y),
          tf.logicalNot(x),
          tf.equal(x, y),
          tf.notEqual(x, y),
        ];
      },
      inputs: [bools(seed, s), bools(seed + 1, s)],
    })),
  },
];
