import { slice_util, util } from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/graph.js';
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
} from './spec.js';

const axisOf = (axis: number, shape: readonly number[]): number => at(util.parseAxisParam(axis, [...shape]), 0);

const pad: KernelSpec = {
  inputs: ['x'],
  infer(inputs, attrs) {
    const { shape, dtype } = first(inputs);
    const paddings = pairs(attrs, 'paddings');
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
      const to = util.inferFromImplicitShape(numbers(attrs, 'shape'), sizeOf(shape));
      return result(to, dtype, { shape: to });
    },
  },
  ExpandDims: {
    inputs: ['input'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const dim = number(attrs, 'dim');
      const to = [...shape];
      to.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
      return result(to, dtype, { dim });
    },
  },
  Transpose: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const perm = numbers(attrs, 'perm');
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
      const to = [...shape];
      to[axis] = inputs.reduce((sum, t) => sum + at(t.shape, axis), 0);
      return result(to, dtype, { axis });
    },
  },
  Pack: {
    inputs: 'list',
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const given = number(attrs, 'axis');
      const axis = given < 0 ? given + shape.length + 1 : given;
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
      const sizes = partSizes(attrs['numOrSizeSplits'], at(shape, axis));
      const outputs = sizes.map((n) => ({ shape: shape.map((old, i) => (i === axis ? n : old)), dtype }));
      return { attrs: { axis, numOrSizeSplits: sizes }, outputs };
    },
  },
  Slice: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const given = attrs['size'];
      const info = { dataId: {}, shape: [...shape], dtype };
      const [begin = [], size = []] = slice_util.parseSliceParams(
        info,
        numbers(attrs, 'begin'),
        isNumbers(given) ? [...given] : typeof given === 'number' ? given : -1,
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
      const { begin, end, strides } = info;
      const finalShape = numbers({ finalShape: info.finalShape }, 'finalShape');
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
      return result(
        shape.map((n, i) => n * at(reps, i)),
        dtype,
        { reps },
      );
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
      // Left out, all axes.
      const dims = attrs['dims'] == null ? shape.map((_, i) => i) : numbers(attrs, 'dims');
      return result(shape, dtype, { dims: util.parseAxisParam(dims, [...shape]) });
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
      const start = number(attrs, 'start');
      const step = number(attrs, 'step');
      const length = Math.max(0, Math.ceil((number(attrs, 'stop') - start) / step));
      return result([length], asDType(attrs['dtype'] ?? 'float32'), attrs);
    },
  },
  GatherV2: {
    inputs: ['x', 'indices'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const axis = axisOf(number(attrs, 'axis'), shape);
      const batchDims = typeof attrs['batchDims'] === 'number' ? attrs['batchDims'] : 0;
      if (batchDims !== 0) throw new RangeError(`jit: expected tf.gather with batchDims 0, got ${batchDims}.`);
      const to = [...shape.slice(0, axis), ...at(inputs, 1).shape, ...shape.slice(axis + 1)];
      return result(to, dtype, { axis, batchDims });
    },
  },
  UnsortedSegmentSum: {
    inputs: ['x', 'segmentIds'],
    infer(inputs, attrs) {
      const { shape, dtype } = first(inputs);
      const numSegments = number(attrs, 'numSegments');
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

/** Sizes of the parts; -1 stands for what is left. */
function partSizes(given: unknown, length: number): number[] {
  if (typeof given === 'number') return Array.from({ length: given }, () => length / given);
  const sizes = numbers({ given }, 'given');
  const rest = length - sizes.reduce((sum, n) => sum + Math.max(n, 0), 0);
  return sizes.map((n) => (n < 0 ? rest : n));
}
