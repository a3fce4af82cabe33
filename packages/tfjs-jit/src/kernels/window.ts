import { backend_util, util } from '@tensorflow/tfjs-core';
import type { Signature } from '../graph/builder.js';
import { type Attributes, sameShape } from '../graph/graph.js';
import { at, first, type Inferred, type KernelSpec, type KernelSpecs, number, numbers, result } from './spec.js';

type Shape4 = [number, number, number, number];
type Conv2DInfo = ReturnType<typeof backend_util.computeConv2DInfo>;
type Rounding = 'floor' | 'round' | 'ceil' | undefined;
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];

const shape4 = (shape: readonly number[]): Shape4 => [at(shape, 0), at(shape, 1), at(shape, 2), at(shape, 3)];

function two(attrs: Attributes, name: string): [number, number] {
  const given = attrs[name] === undefined || attrs[name] === null ? [1, 1] : numbers(attrs, name);
  return [at(given, 0), given[1] ?? at(given, 0)];
}

/** A pair of numbers, or one, as an error shows it. */
const shown = (given: unknown): unknown => given ?? 1;

/** What a window must be like; the cpu kernels check little of it and give impossible shapes. */
export function checkWindow(
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  attrs: Attributes,
): void {
  const positive = (n: number): boolean => Number.isInteger(n) && n > 0;
  util.assert(strides.every(positive), () => `Strides should be larger than 0, but got ${shown(attrs['strides'])}.`);
  util.assert(
    dilations.every(positive),
    () => `Dilated rates should be larger than 0, but got ${shown(attrs['dilations'])}.`,
  );
  util.assert(kernel.slice(0, 2).every(positive), () => `Filters should have elements, but got shape ${kernel}.`);
  const pad = attrs['pad'];
  const amounts = Array.isArray(pad) ? (pad as number[][]).flat() : typeof pad === 'number' ? [pad] : [];
  util.assert(
    amounts.every((n) => Number.isInteger(n) && n >= 0),
    () => `Error in padding: pad must be 'same', 'valid' or whole numbers from 0 up, but got ${JSON.stringify(pad)}.`,
  );
}

const ROUNDING = { floor: Math.floor, round: Math.round, ceil: Math.ceil, trunc: Math.trunc } as const;

/**
 * One number of padding: TensorFlow.js counts the windows of both axes by the filter's height and the first stride. Where
 * that is wrong for an axis, its cpu kernels leave windows out or add some that see nothing.
 */
function checkEqualPad(x: readonly number[], info: Conv2DInfo, attrs: Attributes): void {
  const pad = attrs['pad'];
  if (typeof pad !== 'number') return;
  const { effectiveFilterHeight, effectiveFilterWidth, strideHeight, strideWidth, outHeight, outWidth } = info;
  const round = ROUNDING[(attrs['dimRoundingMode'] as Rounding) ?? 'trunc'];
  const windows = (extent: number, filter: number, stride: number): number =>
    round((extent - filter + 2 * pad) / stride + 1);
  const rows = windows(at(x, 1), effectiveFilterHeight, strideHeight);
  const columns = windows(at(x, 2), effectiveFilterWidth, strideWidth);
  util.assert(
    rows === outHeight && columns === outWidth,
    () =>
      `Error in padding: pad ${pad} is reckoned by the filter's height and the first stride alone, which gives ` +
      `${outHeight}×${outWidth} windows instead of ${rows}×${columns}. ` +
      `Pass [[0, 0], [${pad}, ${pad}], [${pad}, ${pad}], [0, 0]].`,
  );
}

/** Output shape, strides, dilations and explicit padding of a convolution-like kernel on NHWC input. */
function window(x: readonly number[], filter: readonly number[], attrs: Attributes, depthwise = false): Inferred {
  const layout = attrs['dataFormat'] ?? 'NHWC';
  if (layout !== 'NHWC') {
    throw new RangeError(
      `jit: expected dataFormat NHWC, got ${layout}. Transpose to NHWC; the compiler picks the layout.`,
    );
  }
  const strides = two(attrs, 'strides');
  const dilations = two(attrs, 'dilations');
  const rounding = attrs['dimRoundingMode'] as Rounding;
  checkWindow(filter, strides, dilations, attrs);
  const info = backend_util.computeConv2DInfo(
    shape4(x),
    shape4(filter),
    strides,
    dilations,
    attrs['pad'] as Padding,
    rounding,
    depthwise,
  );
  checkEqualPad(x, info, attrs);
  const { padInfo, outHeight, outWidth, effectiveFilterHeight, effectiveFilterWidth } = info;
  /** As far as the last window reaches: rounding up or down is seen in nothing else. */
  const along = (extent: number, before: number, windows: number, stride: number, size: number): [number, number] => [
    before,
    Math.max(0, (windows - 1) * stride + size - extent - before),
  ];
  const pad = [
    [0, 0],
    along(at(x, 1), padInfo.top, outHeight, strides[0], effectiveFilterHeight),
    along(at(x, 2), padInfo.left, outWidth, strides[1], effectiveFilterWidth),
    [0, 0],
  ];
  return result(info.outShape, 'float32', { strides, dilations, pad, dataFormat: 'NHWC' });
}

/** A gradient must have the shape of what it is the gradient of: the cpu kernels read beside it otherwise. */
function checkGradient(dy: Signature, forward: Inferred): void {
  const { shape } = at(forward.outputs, 0);
  util.assert(
    sameShape(dy.shape, shape),
    () => `Error in gradient: expected dy of shape ${shape}, which the window gives, but got ${dy.shape}.`,
  );
}

const withShape = (inferred: Inferred, shape: readonly number[], extra: Attributes): Inferred =>
  result(shape, 'float32', { ...inferred.attrs, ...extra });

const pool: KernelSpec = {
  inputs: ['x'],
  infer: (inputs, attrs) => poolWindow(first(inputs), attrs),
};

function poolWindow(x: Signature, attrs: Attributes): Inferred {
  const filterSize = two(attrs, 'filterSize');
  const channels = at(x.shape, 3);
  const inferred = window(x.shape, [...filterSize, channels, channels], attrs);
  return result(at(inferred.outputs, 0).shape, 'float32', { ...inferred.attrs, filterSize });
}

const poolGrad = (names: readonly string[]): KernelSpec => ({
  inputs: names,
  infer(inputs, attrs) {
    const forward = poolWindow(at(inputs, 1), attrs);
    checkGradient(first(inputs), forward);
    return withShape(forward, at(inputs, 1).shape, { filterSize: two(attrs, 'filterSize') });
  },
});

const resize = (input: string): KernelSpec => ({
  inputs: [input],
  infer(inputs, attrs) {
    const [n, , , c] = shape4(first(inputs).shape);
    const [height, width] = two(attrs, 'size');
    return result([n, height, width, c], 'float32', { ...attrs, size: [height, width] });
  },
});

const resizeGrad: KernelSpec = {
  inputs: ['images', 'dy'],
  infer: (inputs, attrs) => result(first(inputs).shape, 'float32', attrs),
};

/** Kernels that slide a window over an image: convolutions, pools, resizing, and their gradients. */
export const windows: KernelSpecs = {
  Conv2D: {
    inputs: ['x', 'filter'],
    infer: (inputs, attrs) => window(first(inputs).shape, at(inputs, 1).shape, attrs),
  },
  Conv2DBackpropInput: {
    inputs: ['dy', 'filter'],
    infer(inputs, attrs) {
      const inputShape = numbers(attrs, 'inputShape');
      const forward = window(inputShape, at(inputs, 1).shape, attrs);
      checkGradient(first(inputs), forward);
      return withShape(forward, inputShape, { inputShape });
    },
  },
  Conv2DBackpropFilter: {
    inputs: ['x', 'dy'],
    infer(inputs, attrs) {
      const filterShape = numbers(attrs, 'filterShape');
      const forward = window(first(inputs).shape, filterShape, attrs);
      checkGradient(at(inputs, 1), forward);
      return withShape(forward, filterShape, { filterShape });
    },
  },
  DepthwiseConv2dNative: {
    inputs: ['x', 'filter'],
    infer(inputs, attrs) {
      const [strides, dilations] = [attrs['strides'] as number, (attrs['dilations'] ?? [1, 1]) as number];
      util.assert(
        backend_util.eitherStridesOrDilationsAreOne(strides, dilations),
        () =>
          `Error in depthwiseConv2d: Either strides or dilations must be 1. Got strides ${strides} and ` +
          `dilations '${dilations}'`,
      );
      return window(first(inputs).shape, at(inputs, 1).shape, attrs, true);
    },
  },
  DepthwiseConv2dNativeBackpropInput: {
    inputs: ['dy', 'filter'],
    infer(inputs, attrs) {
      const inputShape = numbers(attrs, 'inputShape');
      const forward = window(inputShape, at(inputs, 1).shape, attrs, true);
      checkGradient(first(inputs), forward);
      return withShape(forward, inputShape, { inputShape });
    },
  },
  DepthwiseConv2dNativeBackpropFilter: {
    inputs: ['x', 'dy'],
    infer(inputs, attrs) {
      const filterShape = numbers(attrs, 'filterShape');
      const forward = window(first(inputs).shape, filterShape, attrs, true);
      checkGradient(at(inputs, 1), forward);
      return withShape(forward, filterShape, { filterShape });
    },
  },
  MaxPool: pool,
  MaxPoolWithArgmax: {
    inputs: ['x'],
    infer(inputs, attrs) {
      const { attrs: canonical, outputs } = poolWindow(first(inputs), attrs);
      const { shape } = at(outputs, 0);
      const includeBatchInIndex = attrs['includeBatchInIndex'] === true;
      return {
        attrs: { ...canonical, includeBatchInIndex },
        outputs: [
          { shape, dtype: 'float32' },
          { shape, dtype: 'int32' },
        ],
      };
    },
  },
  AvgPool: pool,
  MaxPoolGrad: poolGrad(['dy', 'input', 'output']),
  AvgPoolGrad: poolGrad(['dy', 'input']),
  ResizeBilinear: resize('images'),
  ResizeNearestNeighbor: resize('images'),
  ResizeBilinearGrad: resizeGrad,
  ResizeNearestNeighborGrad: resizeGrad,
};

/** Reads a number with a default, for attributes that older kernels leave out. */
export const numberOr = (attrs: Attributes, name: string, otherwise: number): number =>
  typeof attrs[name] === 'number' ? number(attrs, name) : otherwise;
