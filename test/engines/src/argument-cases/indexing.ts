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
  ints,
  shapeOf,
  typed,
} from './argument-case.js';

const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1);

/** As many numbers of a range as a shape has elements. */
const filled = (shape: readonly number[], entry: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
  fc.array(entry, { minLength: product(shape), maxLength: product(shape) });

/** Indices into `n`: mostly inside, now and then one past an end. */
const indexInto = (n: number): fc.Arbitrary<number> =>
  n === 0
    ? int(-1, 1)
    : fc.oneof(
        { arbitrary: int(0, n - 1), weight: 20 },
        { arbitrary: fc.constantFrom(-1, n, -n, -n - 1, n + 5, 2 ** 30), weight: 1 },
      );

/** The op on indices that are an argument of the compiled function, or a constant in it. */
const both = (cases: ArgumentCase['calls']): ArgumentCase['calls'] =>
  fc.tuple(cases, fc.boolean()).map(([call, frozen]) =>
    frozen
      ? {
          text: `constants ${call.text}`,
          inputs: () => call.inputs().slice(0, 1),
          fn: (x) => {
            const [, ...rest] = tf.tidy(() => call.inputs());
            return call.fn(x as tf.Tensor, ...rest);
          },
        }
      : call,
  );

const gathers = shapeOf(1, 4).chain((shape) =>
  fc
    .tuple(
      shapeOf(0, 2),
      fc.oneof(
        { arbitrary: int(-shape.length, shape.length - 1), weight: 8 },
        { arbitrary: axisOf(shape.length), weight: 1 },
      ),
    )
    .chain(([count, axis]) =>
      filled(count, indexInto(shape[(axis + shape.length) % shape.length] ?? 1)).map((indices) => ({
        shape,
        count,
        axis,
        indices,
      })),
    ),
);

/** Ops that pick and place by index. */
export const indexing: readonly ArgumentCase[] = [
  {
    name: 'gather',
    stricter: /GatherV2: the index value of any number/,
    calls: both(
      calls(
        fc.tuple(gathers, dtypes).map(([g, dtype]) => ({ ...g, dtype })),
        ({ shape, dtype, indices, count }) => [typed(shape, dtype), ints(indices, count)],
        ({ axis }, x, i) => tf.gather(x as tf.Tensor, i as tf.Tensor1D, axis),
      ),
    ),
  },
  {
    name: 'gather with batch dimensions',
    stricter: /GatherV2: the index value|batchDims|should be equal to indices/,
    calls: both(
      calls(
        fc.record({ b: extent, n: extent, m: extent, c: extent, axis: int(-1, 3), batchDims: int(-1, 2) }).chain((s) =>
          filled([s.b, s.m], indexInto([s.b, s.n, s.c, 2][(s.axis + 4) % 4] ?? 1)).map((indices) => ({
            ...s,
            indices,
          })),
        ),
        ({ b, n, m, c, indices }) => [floats([b, n, c, 2]), ints(indices, [b, m])],
        ({ axis, batchDims }, x, i) => tf.gather(x as tf.Tensor, i as tf.Tensor2D, axis, batchDims),
      ),
    ),
  },
  {
    name: 'gatherND',
    stricter: /Invalid indices/,
    calls: both(
      calls(
        shapeOf(0, 3).chain((shape) =>
          fc.tuple(int(0, shape.length + 1), shapeOf(0, 2)).chain(([depth, lead]) =>
            fc
              .array(fc.tuple(...Array.from({ length: depth }, (_, d) => indexInto(shape[d] ?? 2))), {
                minLength: product(lead),
                maxLength: product(lead),
              })
              .map((rows) => ({ shape, at: [...lead, depth], indices: (rows as number[][]).flat() })),
          ),
        ),
        ({ shape, at, indices }) => [floats(shape), ints(indices, at)],
        (_, x, i) => tf.gatherND(x as tf.Tensor, i as tf.Tensor),
      ),
    ),
  },
  {
    name: 'scatterND',
    stricter: /Invalid indices/,
    calls: calls(
      shapeOf(1, 3).chain((shape) =>
        fc
          .record({
            depth: int(0, shape.length),
            n: extent,
            wrong: fc.oneof({ arbitrary: fc.constant(0), weight: 8 }, { arbitrary: int(-1, 1), weight: 1 }),
            dtype: dtypes,
          })
          .chain(({ depth, n, wrong, dtype }) =>
            fc
              .array(fc.tuple(...Array.from({ length: depth }, (_, d) => indexInto(shape[d] ?? 2))), {
                minLength: n,
                maxLength: n,
              })
              .map((rows) => ({
                shape,
                depth,
                n,
                wrong,
                dtype,
                indices: (rows as number[][]).flat(),
              })),
          ),
      ),
      ({ shape, depth, n, wrong, dtype, indices }) => [
        typed([Math.max(0, n + wrong), ...shape.slice(depth)], dtype),
        ints(indices, [n, depth]),
      ],
      ({ shape }, updates, i) => tf.scatterND(i as tf.Tensor, updates as tf.Tensor, shape as [number]),
    ),
  },
  {
    name: 'scatterND of a vector of indices',
    stricter: /Invalid indices/,
    calls: calls(
      fc
        .tuple(shapeOf(1, 2), extent)
        .chain(([shape, n]) => filled([n], indexInto(shape[0] ?? 1)).map((indices) => ({ shape, n, indices }))),
      ({ shape, n, indices }) => [floats([n, ...shape.slice(1)]), ints(indices)],
      ({ shape }, updates, i) => tf.scatterND(i as tf.Tensor, updates as tf.Tensor, shape as [number]),
    ),
  },
  {
    name: 'tensorScatterUpdate',
    stricter: /Invalid indices/,
    calls: calls(
      shapeOf(1, 3).chain((shape) =>
        fc
          .record({
            depth: int(1, shape.length),
            other: fc.oneof(
              { arbitrary: fc.constant('float32' as const), weight: 5 },
              { arbitrary: dtypes, weight: 1 },
            ),
          })
          .chain(({ depth, other }) =>
            fc
              .tuple(...Array.from({ length: depth }, (_, d) => indexInto(shape[d] ?? 2)))
              .map((row) => ({ shape, depth, other, indices: row as number[] })),
          ),
      ),
      ({ shape, depth, other, indices }) => [
        floats(shape),
        ints(indices, [1, depth]),
        typed([1, ...shape.slice(depth)], other),
      ],
      (_, x, i, updates) => tf.tensorScatterUpdate(x as tf.Tensor, i as tf.Tensor, updates as tf.Tensor),
    ),
  },
  {
    name: 'sparseToDense',
    stricter: /Invalid indices/,
    calls: calls(
      fc
        .record({ shape: shapeOf(0, 3), count: int(0, 1), scalar: fc.boolean(), same: fc.boolean() })
        .chain((s) => fc.tuple(...s.shape.map((n) => indexInto(n))).map((row) => ({ ...s, indices: row as number[] }))),
      ({ shape, count, scalar, indices }) => [
        scalar ? tf.scalar(3) : floats([count]),
        count === 0 ? ints([], [0, shape.length]) : ints(indices, [1, shape.length]),
      ],
      ({ shape, same }, values, i) =>
        tf.sparseToDense(
          i as tf.Tensor,
          values as tf.Tensor,
          shape as [number],
          same ? tf.scalar(-1) : tf.scalar(-1, 'int32'),
        ),
    ),
  },
  {
    name: 'unsortedSegmentSum',
    stricter: /numSegments of at least 1|Pass at least one tensor/,
    calls: calls(
      fc
        .record({
          shape: shapeOf(1, 3),
          segments: int(-1, 4),
          wrong: fc.oneof({ arbitrary: fc.constant(0), weight: 8 }, { arbitrary: int(-1, 1), weight: 1 }),
          dtype: dtypes,
        })
        .chain((s) => filled([Math.max(0, (s.shape[0] ?? 0) + s.wrong)], int(-2, 5)).map((ids) => ({ ...s, ids }))),
      ({ shape, dtype, ids }) => [typed(shape, dtype), ints(ids)],
      ({ segments }, x, ids) => tf.unsortedSegmentSum(x as tf.Tensor, ids as tf.Tensor1D, segments),
    ),
  },
  {
    name: 'oneHot',
    calls: calls(
      shapeOf(0, 3).chain((shape) =>
        fc.record({ shape: fc.constant(shape), ids: filled(shape, int(-2, 6)), depth: int(0, 4), dtype: dtypes }),
      ),
      ({ shape, ids }) => [ints(ids, shape)],
      ({ depth, dtype }, i) => tf.oneHot(i as tf.Tensor, depth, 1, 0, dtype),
    ),
  },
  {
    name: 'topk',
    calls: calls(
      fc.record({ shape: shapeOf(0, 3), k: int(-1, 5), dtype: fc.constantFrom('float32' as const, 'int32' as const) }),
      ({ shape, dtype }) => [typed(shape, dtype)],
      ({ k }, x) => {
        const { values, indices } = tf.topk(x as tf.Tensor, k);
        return [values, indices];
      },
    ),
  },
  {
    name: 'bincount, denseBincount',
    calls: calls(
      fc
        .record({
          shape: shapeOf(1, 3),
          size: int(-1, 4),
          weighed: fc.boolean(),
          binary: fc.boolean(),
          dense: fc.boolean(),
        })
        .chain((s) =>
          filled(
            s.shape,
            fc.oneof({ arbitrary: int(0, 5), weight: 12 }, { arbitrary: fc.constant(-1), weight: 1 }),
          ).map((values) => ({ ...s, values })),
        ),
      ({ shape, weighed, values }) => [ints(values, shape), weighed ? floats(shape) : tf.tensor1d([])],
      ({ size, binary, dense }, x, weights) =>
        dense
          ? tf.denseBincount(x as tf.Tensor1D, weights as tf.Tensor1D, size, binary && (x?.rank ?? 0) > 1)
          : tf.bincount(x as tf.Tensor1D, weights as tf.Tensor1D, size),
    ),
  },
  {
    name: 'searchSorted',
    calls: calls(
      fc.record({
        lead: shapeOf(0, 2),
        n: extent,
        m: extent,
        other: fc.oneof({ arbitrary: fc.constant(undefined), weight: 6 }, { arbitrary: shapeOf(0, 3), weight: 1 }),
        side: fc.constantFrom('left' as const, 'right' as const),
      }),
      ({ lead, n, m, other }) => [
        tf.tidy(() => tf.cumsum(tf.abs(floats([...lead, n])), lead.length)),
        floats(other ?? [...lead, m]),
      ],
      ({ side }, sorted, values) => tf.searchSorted(sorted as tf.Tensor, values as tf.Tensor, side),
    ),
  },
  {
    name: 'cropAndResize',
    stricter: /GatherV2/,
    calls: calls(
      fc
        .record({
          n: extent,
          h: int(1, 4),
          w: int(1, 4),
          c: extent,
          boxes: int(0, 2),
          crop: fc.tuple(int(0, 3), int(1, 3)),
          method: fc.constantFrom('bilinear' as const, 'nearest' as const),
        })
        .chain((s) => filled([s.boxes], indexInto(s.n)).map((ids) => ({ ...s, ids }))),
      ({ n, h, w, c, boxes, ids }) => [floats([n, h, w, c]), floats([boxes, 4]), ints(ids)],
      ({ crop, method }, x, boxes, ids) =>
        tf.image.cropAndResize(x as tf.Tensor4D, boxes as tf.Tensor2D, ids as tf.Tensor1D, crop, method),
    ),
  },
];
