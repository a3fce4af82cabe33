import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type { Signature } from '../graph/builder.js';
import { sizeOf } from '../graph/graph.js';
import { axisOf, newAxis } from './axes.js';
import { at, first, isNumbers, type KernelSpecs, number, numbers, result, tensorInfo } from './spec.js';

/** Kernels that put tensors together and take them apart. */
export const parts: KernelSpecs = {
  Concat: {
    inputs: 'list',
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const axis = axisOf(number(attrs, 'axis'), shape);
      backend_util.assertParamsConsistent(
        inputs.map((t) => [...t.shape]),
        axis,
      );
      const to = [...shape];
      to[axis] = inputs.reduce((sum, t) => sum + at(t.shape, axis), 0);
      return result(to, dtype, { axis });
    },
  },
  Pack: {
    inputs: 'list',
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      if (inputs.length > 1) {
        for (const t of inputs) {
          util.assertShapesMatch([...shape], [...t.shape], 'All tensors passed to stack must have matching shapes');
          util.assert(dtype === t.dtype, () => 'All tensors passed to stack must have matching dtypes');
        }
      }
      const axis = newAxis(number(attrs, 'axis'), shape);
      const to = [...shape];
      to.splice(axis, 0, inputs.length);
      return result(to, dtype, { axis });
    },
  },
  Unpack: {
    inputs: ['value'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const axis = axisOf(number(attrs, 'axis'), shape);
      const part = shape.filter((_, i) => i !== axis);
      return { attrs: { axis }, outputs: Array.from({ length: at(shape, axis) }, () => ({ shape: part, dtype })) };
    },
  },
  SplitV: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const axis = axisOf(number(attrs, 'axis'), shape);
      const sizes = partSizes(attrs['numOrSizeSplits'], first(inputs), axis);
      const outputs = sizes.map((n) => ({ shape: shape.map((old, i) => (i === axis ? n : old)), dtype }));
      return { attrs: { axis, numOrSizeSplits: sizes }, outputs };
    },
  },
  Slice: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const given = attrs['size'];
      const start = numbers(attrs, 'begin');
      const { begin, size } = sliceOf(
        first(inputs),
        // One number is the place on the first axis.
        typeof attrs['begin'] === 'number' ? [...start, ...shape.slice(1).map(() => 0)] : start,
        isNumbers(given) ? [...given] : typeof given === 'number' ? given : undefined,
      );
      return result(size, dtype, { begin, size });
    },
  },
  StridedSlice: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const mask = (name: string): number => (typeof attrs[name] === 'number' ? number(attrs, name) : 0);
      const info = slice_util.sliceInfo(
        [...shape],
        numbers(attrs, 'begin'),
        numbers(attrs, 'end'),
        attrs['strides'] == null ? numbers(attrs, 'begin').map(() => 1) : numbers(attrs, 'strides'),
        mask('beginMask'),
        mask('endMask'),
        mask('ellipsisMask'),
        mask('newAxisMask'),
        mask('shrinkAxisMask'),
      );
      const { begin, end, strides, finalShape } = info;
      // What the cpu kernel says on its three ways.
      if (info.isIdentity) checkReshape(shape, finalShape);
      else if (info.sliceDim0 || info.isSimpleSlice) {
        const { size } = sliceOf(first(inputs), begin, slice_util.computeOutShape(begin, end, strides));
        checkReshape(size, finalShape);
      } else {
        util.assertNonNegativeIntegerDimensions([...info.finalShapeSparse]);
        util.assert(
          info.finalShapeSparse.length > 0,
          () => 'The number of provided coordinates (1) must match the rank (0)',
        );
      }
      // The masks are resolved above: what is left is begin/end/strides per axis and the final shape.
      const cleared = { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
      return result(finalShape, dtype, { ...attrs, ...cleared, begin, end, strides, finalShape });
    },
  },
};

function checkReshape(from: readonly number[], to: readonly number[]): void {
  util.assertNonNegativeIntegerDimensions([...to]);
  util.inferFromImplicitShape([...to], sizeOf(from));
}

/** Begin and size of a slice, one number per axis. */
function sliceOf(x: Signature, begin: number[], size?: number | number[]): { begin: number[]; size: number[] } {
  const info = tensorInfo(x);
  const [from = [], extent = []] = slice_util.parseSliceParams(info, begin, size as number[]);
  slice_util.assertParamsValid(info as never, from, extent);
  // The cpu kernel refuses -1 alone; others point before the tensor as well.
  util.assert(
    from.every((n) => n >= 0),
    () => 'slice() does not support negative begin indexing.',
  );
  util.assertNonNegativeIntegerDimensions(extent);
  return { begin: from, size: extent };
}

/** Sizes of the parts; -1 stands for what is left. */
function partSizes(given: unknown, x: Signature, axis: number): number[] {
  const parts = typeof given === 'number' ? given : numbers({ given }, 'given');
  const sizes = backend_util.prepareSplitSize(tensorInfo(x) as never, parts, axis);
  let begin = 0;
  for (const size of sizes) {
    sliceOf(
      x,
      x.shape.map((_, i) => (i === axis ? begin : 0)),
      x.shape.map((n, i) => (i === axis ? size : n)),
    );
    begin += size;
  }
  return sizes;
}
