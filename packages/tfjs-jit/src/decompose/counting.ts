import {
  all,
  any,
  broadcastTo,
  cast,
  clipByValue,
  clone,
  concat,
  equal,
  expandDims,
  eye,
  less,
  lessEqual,
  logicalNot,
  logicalOr,
  mul,
  ones,
  range,
  reshape,
  stack,
  sum,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tensorScatterUpdate,
  unsortedSegmentSum,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/graph.js';
import { number, numbers } from '../kernels/spec.js';
import { type Decompositions, input, run } from './decomposition.js';

/** 1 where element `k` falls into bin `i`, `[..., n, size]`. */
const membership = (x: Tensor, size: number): Tensor =>
  cast(equal(expandDims(cast(x, 'int32'), x.rank), range(0, size, 1, 'int32')), 'float32');

/** Bins are counted from 0: values below make the call fail, also when they are known only as it runs. */
const nonNegative = (x: Tensor): Tensor =>
  run('Require', { x, wrong: cast(any(less(x, 0)), 'int32') }, { words: 'Input x must be non-negative!' });

/** Occurrences, or weights where there are any, in each bin; the axis before the last is counted. */
function counts(x: Tensor, weights: Tensor, size: number, binary: boolean): Tensor {
  const member = membership(x, size);
  const weighed = weights.size === 0 || binary ? member : mul(member, expandDims(cast(weights, 'float32'), x.rank));
  const total = sum(weighed, x.rank - 1);
  return cast(binary ? clipByValue(total, 0, 1) : total, weights.dtype);
}

/** Kernels that count, look up and lay out by index. */
export const counting: Decompositions = {
  Bincount: (inputs, attrs) =>
    counts(
      nonNegative(reshape(input(inputs, 'x'), [-1])),
      reshape(input(inputs, 'weights'), [-1]),
      number(attrs, 'size'),
      false,
    ),
  DenseBincount: (inputs, attrs) =>
    counts(
      nonNegative(input(inputs, 'x')),
      input(inputs, 'weights'),
      number(attrs, 'size'),
      attrs['binaryOutput'] === true,
    ),
  SearchSorted(inputs, attrs) {
    const sorted = expandDims(input(inputs, 'sortedSequence'), 1);
    const values = expandDims(input(inputs, 'values'), 2);
    const before = attrs['side'] === 'right' ? lessEqual(sorted, values) : less(sorted, values);
    return sum(cast(before, 'int32'), 2);
  },
  ScatterNd(inputs, attrs) {
    const [indices, updates] = [input(inputs, 'indices'), input(inputs, 'updates')];
    // Nothing to place, or nowhere.
    const nothing = indices.size === 0 || sizeOf(numbers(attrs, 'shape')) === 0;
    return nothing ? zeros(numbers(attrs, 'shape'), updates.dtype) : undefined;
  },
  TensorScatterUpdate(inputs) {
    const [tensor, indices] = [input(inputs, 'tensor'), input(inputs, 'indices')];
    return indices.size === 0 || tensor.size === 0 ? clone(tensor) : undefined;
  },
  UnsortedSegmentSum(inputs, attrs) {
    const [x, ids] = [input(inputs, 'x'), input(inputs, 'segmentIds')];
    const segments = number(attrs, 'numSegments');
    const float = cast(x, 'float32');
    if (ids.rank === 1 && ids.shape[0] === x.shape[0]) {
      // As on cpu, sums are float32 whatever is summed.
      return x.dtype === 'float32' ? undefined : unsortedSegmentSum(float, ids as Tensor1D, segments);
    }
    const spread = reshape(ids, [...ids.shape, ...x.shape.slice(ids.rank).map(() => 1)]);
    return stack(Array.from({ length: segments }, (_, i) => sum(mul(cast(equal(spread, i), 'float32'), float), 0)));
  },
  SparseToDense(inputs, attrs) {
    const [indices, values] = [input(inputs, 'sparseIndices'), input(inputs, 'sparseValues')];
    const outputShape = numbers(attrs, 'outputShape');
    if (sizeOf(outputShape) === 0) return zeros(outputShape, values.dtype);
    const rank = outputShape.length;
    const base = broadcastTo(cast(input(inputs, 'defaultValue'), values.dtype), outputShape as [number]);
    if (indices.size === 0) return base;
    const count = indices.size / rank;
    return tensorScatterUpdate(base, reshape(indices, [count, rank]), broadcastTo(values, [count]));
  },
  Diag(inputs) {
    const x = input(inputs, 'x');
    const n = sizeOf(x.shape);
    return reshape(mul(cast(eye(n), x.dtype), reshape(x, [n, 1])), [...x.shape, ...x.shape]);
  },
  BroadcastArgs(inputs) {
    const [a, b] = [input<Tensor1D>(inputs, 's0'), input<Tensor1D>(inputs, 's1')];
    const rank = Math.max(a.size, b.size);
    const padded = (shape: Tensor1D): Tensor1D =>
      shape.size === rank ? shape : concat([cast(ones([rank - shape.size]), 'int32') as Tensor1D, shape]);
    const [left, right] = [padded(a), padded(b)];
    const [one, other] = [equal(left, 1), equal(right, 1)];
    const fits = logicalOr(equal(left, right), logicalOr(one, other));
    const words = 'Operands could not be broadcast together with the shapes that broadcastArgs was given.';
    return run('Require', { x: where(one, right, left), wrong: cast(logicalNot(all(fits)), 'int32') }, { words });
  },
  LinSpace(_, attrs) {
    const [start, stop, length] = [number(attrs, 'start'), number(attrs, 'stop'), number(attrs, 'num')];
    const step = length > 1 ? (stop - start) / (length - 1) : 0;
    return tensor1d(Float32Array.from({ length }, (_element, i) => start + i * step));
  },
};
