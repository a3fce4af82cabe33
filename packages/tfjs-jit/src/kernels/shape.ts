import { util } from '@tensorflow/tfjs-core';
import { type Node, sizeOf, toData } from '../graph/graph.js';
import { axisOf, newAxis } from './axes.js';
import { checkIndices } from './index-errors.js';
import { made } from './made.js';
import { parts } from './parts.js';
import { asDType, at, first, type KernelSpec, type KernelSpecs, number, numbers, pairs, result } from './spec.js';

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
  ...parts,
  ...made,
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

/** What a padding is filled with, as an element of the tensor's type. */
export function padValue({ attrs, inputs }: Node): number {
  const value = typeof attrs['constantValue'] === 'number' ? attrs['constantValue'] : 0;
  // As a byte, which is how the cpu kernel writes it.
  return at(inputs, 0).dtype === 'bool' ? Math.min(1, toData([value], 'bool')[0] ?? 0) : value;
}
