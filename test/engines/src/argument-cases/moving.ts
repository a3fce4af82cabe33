import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import {
  type ArgumentCase,
  axisOf,
  calls,
  dtypes,
  extent,
  floats,
  int,
  perAxis,
  shapeOf,
  typed,
} from './argument-case.js';

const shaped =
  (min: number, max: number) =>
  <T>(rest: (shape: number[]) => fc.Arbitrary<T>): fc.Arbitrary<T & { shape: number[] }> =>
    shapeOf(min, max).chain((shape) => rest(shape).map((more) => ({ ...more, shape })));

const x1 = ({ shape }: { shape: number[] }): tf.Tensor[] => [floats(shape)];
const near = int(-2, 5);

/** Ops that move elements. */
export const moving: readonly ArgumentCase[] = [
  {
    name: 'slice',
    calls: calls(
      shaped(
        0,
        5,
      )((shape) =>
        fc.record({
          begin: fc.oneof(
            { arbitrary: perAxis(shape.length, int(0, 3)), weight: 6 },
            { arbitrary: perAxis(shape.length, int(-1, 4)), weight: 1 },
            { arbitrary: near, weight: 1 },
          ),
          size: fc.oneof(
            { arbitrary: perAxis(shape.length, int(-1, 4)), weight: 6 },
            { arbitrary: near, weight: 1 },
            { arbitrary: fc.constant(undefined), weight: 1 },
          ),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ begin, size }, x) => tf.slice(x as tf.Tensor, begin, size),
    ),
  },
  {
    name: 'stridedSlice',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({
          begin: perAxis(shape.length, int(-5, 5)),
          end: perAxis(shape.length, int(-6, 6)),
          strides: fc.oneof(perAxis(shape.length, int(-2, 2)), perAxis(shape.length, int(1, 2))),
          masks: fc.array(fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: int(0, 7), weight: 1 }), {
            minLength: 5,
            maxLength: 5,
          }),
        }),
      ),
      x1,
      ({ begin, end, strides, masks }, x) => tf.stridedSlice(x as tf.Tensor, begin, end, strides, ...masks),
    ),
  },
  {
    name: 'reshape',
    calls: calls(
      shaped(0, 3)(() => fc.record({ to: fc.array(int(-1, 8), { maxLength: 3 }) })),
      x1,
      ({ to }, x) => tf.reshape(x as tf.Tensor, to),
    ),
  },
  {
    name: 'reshape to a permutation',
    calls: calls(
      shaped(
        1,
        4,
      )((shape) => fc.record({ to: fc.shuffledSubarray(shape, { minLength: shape.length }), free: int(-1, 3) })),
      x1,
      ({ to, free }, x) =>
        tf.reshape(
          x as tf.Tensor,
          to.map((n, i) => (i === free ? -1 : n)),
        ),
    ),
  },
  {
    name: 'expandDims, squeeze, flatten',
    calls: calls(
      shaped(0, 5)((shape) => fc.record({ axis: axisOf(shape.length + 1), drop: axisOf(shape.length), op: int(0, 2) })),
      x1,
      ({ axis, drop, op }, x) =>
        op === 0
          ? tf.expandDims(x as tf.Tensor, axis)
          : op === 1
            ? tf.squeeze(x as tf.Tensor, [drop])
            : tf.reshape(x as tf.Tensor, [-1]),
    ),
  },
  {
    name: 'transpose',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({
          perm: fc.oneof(
            fc.shuffledSubarray(
              shape.map((_, i) => i),
              { minLength: shape.length },
            ),
            perAxis(shape.length, int(-1, shape.length)),
          ),
        }),
      ),
      x1,
      ({ perm }, x) => tf.transpose(x as tf.Tensor, perm),
    ),
  },
  {
    name: 'concat',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({
          others: fc.array(
            fc.oneof(
              {
                arbitrary: fc.tuple(
                  ...shape.map((n) =>
                    fc.oneof({ arbitrary: fc.constant(n), weight: 8 }, { arbitrary: extent, weight: 1 }),
                  ),
                ),
                weight: 8,
              },
              { arbitrary: shapeOf(0, 4), weight: 1 },
            ),
            { maxLength: 2 },
          ),
          axis: axisOf(shape.length),
          dtype: dtypes,
          other: fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: dtypes, weight: 1 }),
        }),
      ),
      ({ shape, others, dtype, other }) => [typed(shape, dtype), ...others.map((s) => typed(s, other ?? dtype))],
      ({ axis }, ...xs) => tf.concat(xs, axis),
    ),
  },
  {
    name: 'concat along the axis that differs',
    calls: calls(
      shaped(
        1,
        4,
      )((shape) =>
        fc.record({
          axis: int(-shape.length, shape.length - 1),
          lengths: fc.array(extent, { minLength: 1, maxLength: 3 }),
        }),
      ),
      ({ shape, axis, lengths }) => [
        floats(shape),
        ...lengths.map((n) => floats(shape.map((m, i) => (i === (axis + shape.length) % shape.length ? n : m)))),
      ],
      ({ axis }, ...xs) => tf.concat(xs, axis),
    ),
  },
  {
    name: 'stack',
    calls: calls(
      shaped(
        0,
        3,
      )((shape) =>
        fc.record({
          others: fc.array(
            fc.oneof({ arbitrary: fc.constant(shape), weight: 6 }, { arbitrary: shapeOf(0, 3), weight: 1 }),
            { maxLength: 2 },
          ),
          axis: axisOf(shape.length + 1),
          dtype: dtypes,
          other: fc.oneof({ arbitrary: fc.constant(undefined), weight: 4 }, { arbitrary: dtypes, weight: 1 }),
        }),
      ),
      ({ shape, others, dtype, other }) => [typed(shape, dtype), ...others.map((s) => typed(s, other ?? dtype))],
      ({ axis }, ...xs) => tf.stack(xs, axis),
    ),
  },
  {
    name: 'unstack',
    calls: calls(
      shaped(0, 4)((shape) => fc.record({ axis: axisOf(shape.length) })),
      x1,
      ({ axis }, x) => [...tf.unstack(x as tf.Tensor, axis), tf.clone(x as tf.Tensor)],
    ),
  },
  {
    name: 'split',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({ parts: fc.oneof(int(-1, 4), fc.array(int(-1, 4), { maxLength: 3 })), axis: axisOf(shape.length) }),
      ),
      x1,
      ({ parts, axis }, x) => tf.split(x as tf.Tensor, parts, axis),
    ),
  },
  {
    name: 'pad',
    calls: calls(
      shaped(
        0,
        5,
      )((shape) =>
        fc.record({
          paddings: perAxis(
            shape.length,
            fc.oneof(
              { arbitrary: fc.tuple(int(0, 2), int(0, 2)), weight: 8 },
              { arbitrary: fc.tuple(int(-2, 2), int(-2, 2)), weight: 1 },
            ),
          ),
          value: fc.constantFrom(0, 1.5, -1, Number.NaN),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ paddings, value }, x) => tf.pad(x as tf.Tensor, paddings, value),
    ),
  },
  {
    name: 'mirrorPad',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({
          paddings: perAxis(shape.length, fc.tuple(int(-1, 4), int(0, 4))),
          mode: fc.constantFrom('reflect' as const, 'symmetric' as const),
        }),
      ),
      x1,
      ({ paddings, mode }, x) => tf.mirrorPad(x as tf.Tensor, paddings, mode),
    ),
  },
  {
    name: 'tile',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({
          reps: perAxis(
            shape.length,
            fc.oneof({ arbitrary: int(1, 3), weight: 8 }, { arbitrary: int(-1, 0), weight: 1 }),
          ),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ reps }, x) => tf.tile(x as tf.Tensor, reps),
    ),
  },
  {
    name: 'reverse',
    calls: calls(
      shaped(
        0,
        4,
      )((shape) =>
        fc.record({
          axis: fc.oneof(
            axisOf(shape.length),
            fc.array(axisOf(shape.length), { maxLength: 3 }),
            fc.constant(undefined),
          ),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ axis }, x) => tf.reverse(x as tf.Tensor, axis),
    ),
  },
  {
    name: 'broadcastTo',
    calls: calls(
      shaped(
        0,
        3,
      )((shape) =>
        fc.record({
          to: fc.oneof(
            fc
              .tuple(
                fc.array(extent, { maxLength: 2 }),
                fc.tuple(...shape.map((n) => (n === 1 ? extent : fc.constant(n)))),
              )
              .map(([lead, tail]) => [...lead, ...tail]),
            fc.array(int(-1, 4), { maxLength: 4 }),
          ),
          dtype: dtypes,
        }),
      ),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ to }, x) => tf.broadcastTo(x as tf.Tensor, to as [number]),
    ),
  },
  {
    name: 'spaceToBatchND',
    calls: calls(
      shaped(
        2,
        4,
      )(() =>
        fc.record({
          block: fc.array(int(0, 3), { minLength: 1, maxLength: 2 }),
          pads: fc.array(fc.tuple(int(0, 2), int(0, 2)), { minLength: 1, maxLength: 2 }),
        }),
      ),
      x1,
      ({ block, pads }, x) => tf.spaceToBatchND(x as tf.Tensor, block, pads),
    ),
  },
  {
    name: 'batchToSpaceND',
    calls: calls(
      shaped(
        2,
        4,
      )(() =>
        fc.record({
          block: fc.array(int(0, 2), { minLength: 1, maxLength: 2 }),
          crops: fc.array(fc.tuple(int(-1, 2), int(0, 2)), { minLength: 1, maxLength: 2 }),
        }),
      ),
      x1,
      ({ block, crops }, x) => tf.batchToSpaceND(x as tf.Tensor, block, crops),
    ),
  },
  {
    name: 'depthToSpace',
    wider: /Only NHWC dataFormat supported on CPU/,
    calls: calls(
      shaped(
        4,
        4,
      )((shape) =>
        fc
          .record({ block: int(0, 3), format: fc.constantFrom('NHWC' as const, 'NCHW' as const), c: int(1, 9) })
          .map((r) => ({ ...r, last: shape.length - 1 })),
      ),
      ({ shape, c, last }) => [floats(shape.map((n, i) => (i === last ? c : n)))],
      ({ block, format }, x) => tf.depthToSpace(x as tf.Tensor4D, block, format),
    ),
  },
  {
    name: 'diag, tril-like masks',
    calls: calls(
      shaped(0, 3)(() => fc.record({ lower: int(-2, 4), upper: int(-2, 4), op: int(0, 1) })),
      x1,
      ({ lower, upper, op }, x) =>
        op === 0 ? tf.diag(x as tf.Tensor) : tf.linalg.bandPart(x as tf.Tensor, lower, upper),
    ),
  },
];
