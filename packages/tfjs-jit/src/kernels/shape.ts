import { backend_util, slice_util, util } from '@tensorflow/tfjs-core';
import type { Signature } from '../graph/builder.js';
import { type Attributes, type Node, sizeOf, toData } from '../graph/graph.js';
import { checkIndices } from './index-errors.js';
import {
  asDType,
  at,
  first,
  isNumbers,
  type KernelSpec,
  type KernelSpecs,
  number,
  numbers,
  pairs,
  result,
  tensorInfo,
} from './spec.js';

const axisOf = (axis: number, shape: readonly number[]): number => at(util.parseAxisParam(axis, [...shape]), 0);

const pad: KernelSpec = {
  inputs: ['x'],
  infer(inputs, attrs) {
    const { shape, dtype } = first(inputs);
    const paddings = pairs(attrs, 'paddings');
    const isWhole = (n: number): boolean => Number.isInteger(n) && n >= 0;
    // The cpu kernel looks at none of this and writes beside the tensor.
    util.assert(
      paddings.length === shape.length && paddings.flat().every(isWhole),
      () => `Error in pad: expected ${shape.length} pairs of whole numbers from 0 up, got ${JSON.stringify(paddings)}.`,
    );
    return result(
      shape.map((n, i) => n + at(paddings, i)[0] + at(paddings, i)[1]),
      dtype,
      { ...attrs, paddings },
    );
  },
};

/** Kernels that move elements without computing. */
export const shapes: KernelSpecs = {
  Reshape: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const size = sizeOf(shape);
      // As it comes: what is no number is refused in the same words.
      const to = util.inferFromImplicitShape([...(attrs['shape'] as readonly number[])], size);
      const count = sizeOf(to);
      util.assert(
        count === size,
        () =>
          `The new shape (${to}) has ${count} elements and the old shape (${shape}) has ${size} elements. The new shape ` +
          'and old shape must have the same number of elements.',
      );
      return result(to, dtype, { shape: to });
    },
  },
  ExpandDims: {
    inputs: ['input'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const dim = newAxis(number(attrs, 'dim'), shape);
      const to = [...shape];
      to.splice(dim, 0, 1);
      return result(to, dtype, { dim });
    },
  },
  Transpose: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const perm = numbers(attrs, 'perm');
      // The cpu kernel reads an axis that is named twice as often, and leaves gaps.
      util.assert(
        perm.length === shape.length && shape.every((_, axis) => perm.includes(axis)),
        () => `Error in transpose: expected perm to name each of the ${shape.length} axes once, got ${perm}.`,
      );
      return result(
        perm.map((p) => at(shape, p)),
        dtype,
        { perm },
      );
    },
  },
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
  Tile: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const reps = numbers(attrs, 'reps');
      const to = shape.map((n, i) => n * at(reps, i));
      util.assertNonNegativeIntegerDimensions(to);
      util.assertNonNegativeIntegerDimensions(reps);
      return result(to, dtype, { reps });
    },
  },
  BroadcastTo: {
    inputs: ['x'],
    infer: (inputs, attrs) => result(numbers(attrs, 'shape'), first(inputs).dtype, attrs),
  },
  PadV2: pad,
  MirrorPad: pad,
  Reverse: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const named = util.parseAxisParam(attrs['dims'] as number[], [...shape]);
      // An axis that is turned twice is as before.
      const dims = shape.flatMap((_, axis) => (named.filter((n) => n === axis).length % 2 === 1 ? [axis] : []));
      return result(shape, dtype, { dims });
    },
  },
  Fill: {
    inputs: [],
    infer: (_, attrs) => {
      const dtype = asDType(attrs['dtype'] ?? 'float32');
      return result(numbers(attrs, 'shape'), dtype, { shape: numbers(attrs, 'shape'), value: attrs['value'], dtype });
    },
  },
  Range: {
    inputs: [],
    infer: (_, attrs) => {
      const dtype = asDType(attrs['dtype'] ?? 'float32');
      return result([rangeValues({ ...attrs, dtype }).length], dtype, { ...attrs, dtype });
    },
  },
  GatherV2: {
    inputs: ['x', 'indices'],
    infer(inputs, attrs, known) {
      const { shape, dtype } = first(inputs);
      const axis = axisOf(number(attrs, 'axis'), shape);
      // Batches are taken apart before.
      const canonical = { axis, batchDims: 0 };
      checkIndices('GatherV2', inputs, canonical, known);
      return result([...shape.slice(0, axis), ...at(inputs, 1).shape, ...shape.slice(axis + 1)], dtype, canonical);
    },
  },
  UnsortedSegmentSum: {
    inputs: ['x', 'segmentIds'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const numSegments = number(attrs, 'numSegments');
      util.assert(
        numSegments >= 1,
        () => `Error in unsortedSegmentSum: expected numSegments of at least 1, got ${numSegments}.`,
      );
      return result([numSegments, ...shape.slice(1)], dtype, { numSegments });
    },
  },
  OneHot: {
    inputs: ['indices'],
    infer(inputs, attrs) {
      const depth = number(attrs, 'depth');
      const dtype = asDType(attrs['dtype'] ?? 'int32');
      return result([...first(inputs).shape, depth], dtype, { ...attrs, depth, dtype });
    },
  },
};

/** Where a new axis goes. */
function newAxis(axis: number, shape: readonly number[]): number {
  const rank = shape.length;
  util.assert(-(rank + 1) <= axis && axis <= rank, () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`);
  return axis < 0 ? axis + rank + 1 : axis;
}

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

/** What a padding is filled with, as an element of the tensor's type. */
export function padValue({ attrs, inputs }: Node): number {
  const value = typeof attrs['constantValue'] === 'number' ? attrs['constantValue'] : 0;
  // As a byte, which is how the cpu kernel writes it.
  return at(inputs, 0).dtype === 'bool' ? Math.min(1, toData([value], 'bool')[0] ?? 0) : value;
}

/** The numbers of a range, as the cpu kernel counts them. */
export function rangeValues(attrs: Attributes): Float32Array | Int32Array {
  const [start, stop, given] = [number(attrs, 'start'), number(attrs, 'stop'), number(attrs, 'step')];
  const none = start === stop || (start < stop && given < 0) || (stop < start && given > 1);
  const length = none ? 0 : Math.abs(Math.ceil((stop - start) / given));
  const step = stop < start && given === 1 ? -1 : given;
  if (attrs['dtype'] !== 'int32') return Float32Array.from({ length }, (_, i) => start + i * step);
  // Whole numbers from step to step, so that a step below 1 never leaves the start.
  const values = new Int32Array(length);
  values[0] = start;
  for (let i = 1; i < length; i++) values[i] = (values[i - 1] ?? 0) + step;
  return values;
}
