import {
  broadcastTo,
  cast,
  clipByValue,
  concat,
  equal,
  expandDims,
  eye,
  less,
  lessEqual,
  mul,
  ones,
  range,
  reshape,
  sum,
  type Tensor,
  type Tensor1D,
  tensor1d,
  tensorScatterUpdate,
  where,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/graph.js';
import { number, numbers } from '../kernels/spec.js';
import { type Decompositions, input, type NamedTensors } from './decomposition.js';

/** 1 where element `k` falls into bin `i`, `[..., n, size]`. */
const membership = (x: Tensor, size: number): Tensor =>
  cast(equal(expandDims(cast(x, 'int32'), x.rank), range(0, size, 1, 'int32')), 'float32');

/** Occurrences, or weights where there are any, in each bin; the axis before the last is counted. */
function counts(inputs: NamedTensors, size: number, binary: boolean): Tensor {
  const [x, weights] = [input(inputs, 'x'), input(inputs, 'weights')];
  const member = membership(x, size);
  const weighed = weights.size === 0 || binary ? member : mul(member, expandDims(cast(weights, 'float32'), x.rank));
  const total = sum(weighed, x.rank - 1);
  return cast(binary ? clipByValue(total, 0, 1) : total, weights.dtype);
}

/** Kernels that count, look up and lay out by index. */
export const counting: Decompositions = {
  Bincount: (inputs, attrs) => counts(inputs, number(attrs, 'size'), false),
  DenseBincount: (inputs, attrs) => counts(inputs, number(attrs, 'size'), attrs['binaryOutput'] === true),
  SearchSorted(inputs, attrs) {
    const sorted = expandDims(input(inputs, 'sortedSequence'), 1);
    const values = expandDims(input(inputs, 'values'), 2);
    const before = attrs['side'] === 'right' ? lessEqual(sorted, values) : less(sorted, values);
    return sum(cast(before, 'int32'), 2);
  },
  SparseToDense(inputs, attrs) {
    const [indices, values] = [input(inputs, 'sparseIndices'), input(inputs, 'sparseValues')];
    const outputShape = numbers(attrs, 'outputShape');
    const rank = outputShape.length;
    const count = indices.size / rank;
    const base = broadcastTo(cast(input(inputs, 'defaultValue'), values.dtype), outputShape as [number]);
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
    return where(equal(left, 1), right, left);
  },
  LinSpace(_, attrs) {
    const [start, stop, length] = [number(attrs, 'start'), number(attrs, 'stop'), number(attrs, 'num')];
    const step = length > 1 ? (stop - start) / (length - 1) : 0;
    return tensor1d(Float32Array.from({ length }, (_element, i) => start + i * step));
  },
};
