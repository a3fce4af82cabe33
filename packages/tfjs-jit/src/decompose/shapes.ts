import { add, concat, gather, range, reshape, reverse, slice, type Tensor, transpose } from '@tensorflow/tfjs-core';
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
  MirrorPad(inputs, attrs) {
    if (attrs['mode'] !== 'symmetric') return undefined;
    return pairs(attrs, 'paddings').reduce((x, around, axis) => mirror(x, axis, around), input(inputs, 'x'));
  },
  GatherV2(inputs, attrs) {
    const batchDims = typeof attrs['batchDims'] === 'number' ? attrs['batchDims'] : 0;
    if (batchDims === 0) return undefined;
    const [x, indices] = [input(inputs, 'x'), input(inputs, 'indices')];
    const given = number(attrs, 'axis');
    const axis = given < 0 ? given + x.rank : given;
    const batch = x.shape.slice(0, batchDims);
    const [b, extent] = [sizeOf(batch), at(x.shape, axis)];
    const outer = x.shape.slice(batchDims, axis);
    const inner = x.shape.slice(axis + 1);
    const [before, behind] = [sizeOf(outer), sizeOf(inner)];
    // Rows of all batches one below the other; each batch's indices start at its own first row.
    const rows = reshape(transpose(reshape(x, [b, before, extent, behind]), [0, 2, 1, 3]), [
      b * extent,
      before,
      behind,
    ]);
    const count = sizeOf(indices.shape) / b;
    const firsts = range(0, b * extent, extent, 'int32');
    const taken = gather(rows, reshape(add(reshape(indices, [b, count]), reshape(firsts, [b, 1])), [-1]));
    const ordered = transpose(reshape(taken, [b, count, before, behind]), [0, 2, 1, 3]);
    return reshape(ordered, [...batch, ...outer, ...indices.shape.slice(batchDims), ...inner]);
  },
};
