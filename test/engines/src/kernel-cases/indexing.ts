import { draw } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { extents, from, type KernelCase } from './kernel-case.js';

const ints = (seed: number, shape: number[], below: number): tf.Tensor => draw(seed, shape, { below });
const shape = fc.array(extents(4), { minLength: 1, maxLength: 3 });

/** Kernels that pick, place, count and sort. */
export const indexing: readonly KernelCase[] = [
  {
    name: 'gather along any axis',
    kernels: ['GatherV2', 'UnsortedSegmentSum'],
    gradients: true,
    calls: from(fc.record({ s: shape, axis: extents(2, 0), n: extents(6) }), ({ s, axis, n }, seed) => {
      const along = axis % s.length;
      const indices = ints(seed + 1, [n], s[along] ?? 1) as tf.Tensor1D;
      return { fn: (x) => tf.gather(x as tf.Tensor, indices, along), inputs: [draw(seed, s)] };
    }),
  },
  {
    name: 'gather with batch dimensions',
    kernels: ['GatherV2'],
    calls: from(fc.record({ b: extents(3), n: extents(4), m: extents(4), c: extents(3) }), ({ b, n, m, c }, seed) => ({
      fn: (x, i) => [
        tf.gather(x as tf.Tensor, i as tf.Tensor2D, 1, 1),
        tf.gather(x as tf.Tensor, tf.clipByValue(i as tf.Tensor2D, 0, c - 1), 2, 1),
      ],
      inputs: [draw(seed, [b, n, c, 2]), ints(seed + 1, [b, m], n)],
    })),
  },
  {
    name: 'embedding and its gradient, with tokens that repeat',
    kernels: ['GatherV2', 'UnsortedSegmentSum'],
    gradients: true,
    calls: from(fc.constant(null), (_, seed) => {
      const tokens = ints(seed, [6, 20], 50) as tf.Tensor2D;
      return { fn: (table) => tf.gather(table as tf.Tensor2D, tokens), inputs: [draw(seed, [50, 4])] };
    }),
  },
  {
    name: 'unsortedSegmentSum, also into empty segments and none',
    kernels: ['UnsortedSegmentSum'],
    gradients: true,
    calls: from(fc.record({ n: extents(6), segments: extents(5), c: extents(3) }), ({ n, segments, c }, seed) => {
      const ids = tf.tidy(() => tf.sub(ints(seed + 1, [n], segments + 1), tf.scalar(1, 'int32'))) as tf.Tensor1D;
      return { fn: (x) => tf.unsortedSegmentSum(x as tf.Tensor, ids, segments), inputs: [draw(seed, [n, c])] };
    }),
  },
  {
    name: 'gatherND, scatterND, tensorScatterUpdate',
    kernels: ['GatherNd', 'ScatterNd', 'TensorScatterUpdate'],
    calls: from(fc.record({ h: extents(4), w: extents(4), n: extents(5) }), ({ h, w, n }, seed) => {
      const rows = ints(seed + 1, [n, 1], h);
      const pairs = tf.tidy(() => tf.concat([rows, ints(seed + 2, [n, 1], w)], 1));
      // One update per row: which of several to one place wins is not defined.
      const once = tf.tensor2d(
        Int32Array.from({ length: h }, (_, i) => h - 1 - i),
        [h, 1],
        'int32',
      );
      return {
        fn: (x, updates, whole, a, b) => [
          tf.gatherND(x as tf.Tensor, a as tf.Tensor),
          tf.gatherND(x as tf.Tensor, b as tf.Tensor),
          tf.scatterND(b as tf.Tensor2D, updates as tf.Tensor, [h, w]),
          tf.scatterND(once, whole as tf.Tensor, [h, w, 2]),
          // cpu writes into the tensor that it is given: a copy.
          tf.tensorScatterUpdate(tf.mul(x as tf.Tensor, 1), once, whole as tf.Tensor),
        ],
        inputs: [draw(seed, [h, w, 2]), draw(seed + 3, [n]), draw(seed + 4, [h, w, 2]), rows, pairs],
      };
    }),
  },
  {
    name: 'sparseToDense',
    kernels: ['SparseToDense'],
    calls: from(fc.record({ h: extents(4), w: extents(4) }), ({ h, w }, seed) => {
      const places = tf.tensor2d(
        Int32Array.from({ length: 2 * h }, (_, i) => (i % 2 === 0 ? i / 2 : seed % w)),
        [h, 2],
        'int32',
      );
      return {
        fn: (values) => [
          tf.sparseToDense(places, values as tf.Tensor1D, [h, w], -1),
          tf.sparseToDense(places, tf.scalar(3), [h, w], 0),
          tf.sparseToDense(tf.scalar(w - 1, 'int32'), tf.scalar(2, 'int32'), [w], tf.scalar(1, 'int32')),
        ],
        inputs: [draw(seed, [h])],
      };
    }),
  },
  {
    name: 'topk with ties',
    kernels: ['TopK'],
    tolerance: 1e-7,
    calls: from(fc.record({ n: extents(3), c: extents(6), k: extents(6) }), ({ n, c, k }, seed) => ({
      fn: (x, i) => {
        const [floats, ints_] = [tf.topk(x as tf.Tensor, Math.min(k, c)), tf.topk(i as tf.Tensor, Math.min(k, c))];
        return [floats.values, floats.indices, ints_.values, ints_.indices];
      },
      inputs: [tf.tidy(() => tf.round(draw(seed, [n, c]))), ints(seed + 1, [n, c], 4)],
    })),
  },
  {
    name: 'bincount and denseBincount, values beyond the last bin left out',
    kernels: ['Bincount', 'DenseBincount'],
    calls: from(fc.record({ n: extents(8), size: extents(5) }), ({ n, size }, seed) => {
      const none = tf.tensor1d([]);
      return {
        fn: (x, rows, weights) => [
          tf.bincount(x as tf.Tensor1D, none, size),
          tf.bincount(x as tf.Tensor1D, weights as tf.Tensor1D, size),
          tf.denseBincount(x as tf.Tensor1D, weights as tf.Tensor1D, size) as tf.Tensor,
          tf.denseBincount(rows as tf.Tensor2D, none as never, size),
          tf.denseBincount(rows as tf.Tensor2D, none as never, size, true),
        ],
        inputs: [ints(seed, [n], 6), ints(seed + 1, [2, n], 6), draw(seed + 2, [n])],
      };
    }),
  },
  {
    name: 'searchSorted, lowerBound, upperBound',
    kernels: ['SearchSorted'],
    tolerance: 0,
    calls: from(fc.record({ b: extents(3), n: extents(5), m: extents(4) }), ({ b, n, m }, seed) => ({
      fn: (steps, values) => {
        const sorted = tf.floor(tf.cumsum(tf.abs(steps as tf.Tensor), 1));
        const wanted = tf.floor(tf.mul(values as tf.Tensor, 3));
        return [tf.lowerBound(sorted, wanted), tf.upperBound(sorted, wanted), tf.searchSorted(sorted, wanted, 'right')];
      },
      inputs: [draw(seed, [b, n]), draw(seed + 1, [b, m], 'positive')],
    })),
  },
  {
    name: 'oneHot of any rank and dtype',
    kernels: ['OneHot'],
    tolerance: 0,
    calls: from(fc.record({ s: shape, depth: extents(5, 2) }), ({ s, depth }, seed) => ({
      fn: (i) => [
        tf.oneHot(i as tf.Tensor, depth),
        tf.oneHot(i as tf.Tensor, depth, 5, 2),
        tf.oneHot(i as tf.Tensor, depth, 1, 0, 'float32'),
      ],
      inputs: [ints(seed, s, 6)],
    })),
  },
  {
    name: 'diag, linspace, broadcastArgs on values',
    kernels: ['Diag', 'LinSpace', 'BroadcastArgs'],
    calls: from(fc.array(extents(3), { minLength: 1, maxLength: 2 }), (s, seed) => ({
      fn: (x, a, b) => [
        tf.diag(x as tf.Tensor),
        tf.add(tf.linspace(-1, 2, 7), tf.sum(x as tf.Tensor)),
        tf.engine().runKernel('BroadcastArgs', { s0: a as tf.Tensor, s1: b as tf.Tensor }) as tf.Tensor,
      ],
      inputs: [draw(seed, s), tf.tensor1d([3, 1, 5], 'int32'), tf.tensor1d([4, 1], 'int32')],
    })),
  },
  {
    name: 'bitwiseAnd, negative numbers too',
    kernels: ['BitwiseAnd'],
    tolerance: 0,
    calls: from(fc.array(fc.tuple(fc.integer(), fc.integer()), { minLength: 1, maxLength: 8 }), (pairs) => ({
      fn: (a, b) => tf.bitwiseAnd(a as tf.Tensor, b as tf.Tensor),
      inputs: [0, 1].map((i) =>
        tf.tensor1d(
          pairs.map((pair) => pair[i] ?? 0),
          'int32',
        ),
      ),
    })),
  },
];
