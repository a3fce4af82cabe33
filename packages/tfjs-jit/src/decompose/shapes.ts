import {
  add,
  backend_util,
  cast,
  concat,
  gather,
  range,
  reshape,
  reverse,
  slice,
  type Tensor,
  type Tensor1D,
  transpose,
  util,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/graph.js';
import { at, number, pairs } from '../kernels/spec.js';
import { type Decompositions, input } from './decomposition.js';

/** Mirrors one axis, the edge included. */
function mirror(x: Tensor, axis: number, [before, after]: readonly [number, number]): Tensor {
  const extent = at(x.shape, axis);
  const part = (begin: number, length: number): Tensor =>
    reverse(
      slice(
        x,
        x.shape.map((_, i) => (i === axis ? begin : 0)),
        x.shape.map((n, i) => (i === axis ? length : n)),
      ),
      [axis],
    );
  const parts = [before > 0 ? [part(0, before)] : [], [x], after > 0 ? [part(extent - after, after)] : []];
  return parts.flat().length === 1 ? x : concat(parts.flat(), axis);
}

/** Shape kernels in the forms that engines have no operator for. */
export const shapeForms: Decompositions = {
  Concat(inputs, attrs) {
    const tensors = Object.values(inputs) as Tensor[];
    const { dtype } = at(tensors, 0);
    if (tensors.every((tensor) => tensor.dtype === dtype)) return undefined;
    // The first one's type is the result's.
    return concat(
      tensors.map((tensor) => cast(tensor, dtype)),
      number(attrs, 'axis'),
    );
  },
  Select(inputs) {
    const [condition, t, e] = [input(inputs, 'condition'), input(inputs, 't'), input(inputs, 'e')];
    if (t.dtype === e.dtype) return undefined;
    const dtype = backend_util.upcastType(t.dtype, e.dtype);
    return where(condition, cast(t, dtype), cast(e, dtype));
  },
  MirrorPad(inputs, attrs) {
    if (attrs['mode'] !== 'symmetric') return undefined;
    return pairs(attrs, 'paddings').reduce((x, around, axis) => mirror(x, axis, around), input(inputs, 'x'));
  },
  GatherV2(inputs, attrs) {
    const given = typeof attrs['batchDims'] === 'number' ? attrs['batchDims'] : 0;
    if (given === 0) return undefined;
    const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')];
    const axis = at(util.parseAxisParam(number(attrs, 'axis'), x.shape), 0);
    backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, given);
    const batchDims = given < 0 ? given + indices.rank : given;
    if (batchDims === 0) return gather(x, indices as Tensor1D, axis);
    const batch = x.shape.slice(0, batchDims);
    const [b, extent] = [sizeOf(batch), at(x.shape, axis)];
    const outer = x.shape.slice(batchDims, axis);
    const inner = x.shape.slice(axis + 1);
    const [before, behind] = [sizeOf(outer), sizeOf(inner)];
    // Each index must lie in its own batch: beyond it lie the next one's rows.
    const places = gather(range(0, extent, 1, 'int32'), indices as Tensor1D);
    if (b * extent === 0) return zeros([...batch, ...outer, ...indices.shape.slice(batchDims), ...inner], x.dtype);
    // Rows of all batches one below the other; each batch's indices start at its own first row.
    const rows = reshape(transpose(reshape(x, [b, before, extent, behind]), [0, 2, 1, 3]), [
      b * extent,
      before,
      behind,
    ]);
    const count = sizeOf(indices.shape) / b;
    const firsts = range(0, b * extent, extent, 'int32');
    const taken = gather(rows, reshape(add(reshape(places, [b, count]), reshape(firsts, [b, 1])), [-1]));
    const ordered = transpose(reshape(taken, [b, count, before, behind]), [0, 2, 1, 3]);
    return reshape(ordered, [...batch, ...outer, ...indices.shape.slice(batchDims), ...inner]);
  },
};
