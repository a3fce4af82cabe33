import { backend_util } from '@tensorflow/tfjs-core';
import type { Signature } from '../graph/builder.js';
import type { Attributes } from '../graph/graph.js';
import { at, first, type Inferred, type KernelSpec, type KernelSpecs, number, numbers, result } from './spec.js';

type Shape4 = [number, number, number, number];
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];

const shape4 = (shape: readonly number[]): Shape4 => [at(shape, 0), at(shape, 1), at(shape, 2), at(shape, 3)];

function two(attrs: Attributes, name: string): [number, number] {
  const given = attrs[name] === undefined || attrs[name] === null ? [1, 1] : numbers(attrs, name);
  return [at(given, 0), given[1] ?? at(given, 0)];
}

/** Output shape, strides, dilations and explicit padding of a convolution-like kernel on NHWC input. */
function window(x: readonly number[], filter: readonly number[], attrs: Attributes, depthwise = false): Inferred {
  const format = attrs['dataFormat'] ?? 'NHWC';
  if (format !== 'NHWC') {
    throw new RangeError(
      `jit: expected dataFormat NHWC, got ${format}. Transpose to NHWC; the compiler picks the layout.`,
    );
  }
  const strides = two(attrs, 'strides');
  const dilations = two(attrs, 'dilations');
  const rounding = attrs['dimRoundingMode'] as 'floor' | 'round' | 'ceil' | undefined;
  const info = backend_util.computeConv2DInfo(
    shape4(x),
    shape4(filter),
    strides,
    dilations,
    attrs['pad'] as Padding,
    rounding,
    depthwise,
  );
  const { top, bottom, left, right } = info.padInfo;
  const pad = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return result(info.outShape, 'float32', { strides, dilations, pad, dataFormat: 'NHWC' });
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
  infer: (inputs, attrs) =>
    withShape(poolWindow(at(inputs, 1), attrs), at(inputs, 1).shape, { filterSize: two(attrs, 'filterSize') }),
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
      return withShape(window(inputShape, at(inputs, 1).shape, attrs), inputShape, { inputShape });
    },
  },
  Conv2DBackpropFilter: {
    inputs: ['x', 'dy'],
    infer(inputs, attrs) {
      const filterShape = numbers(attrs, 'filterShape');
      return withShape(window(first(inputs).shape, filterShape, attrs), filterShape, { filterShape });
    },
  },
  DepthwiseConv2dNative: {
    inputs: ['x', 'filter'],
    infer: (inputs, attrs) => window(first(inputs).shape, at(inputs, 1).shape, attrs, true),
  },
  DepthwiseConv2dNativeBackpropInput: {
    inputs: ['dy', 'filter'],
    infer(inputs, attrs) {
      const inputShape = numbers(attrs, 'inputShape');
      return withShape(window(inputShape, at(inputs, 1).shape, attrs, true), inputShape, { inputShape });
    },
  },
  DepthwiseConv2dNativeBackpropFilter: {
    inputs: ['x', 'dy'],
    infer(inputs, attrs) {
      const filterShape = numbers(attrs, 'filterShape');
      return withShape(window(first(inputs).shape, filterShape, attrs, true), filterShape, { filterShape });
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

/** Strides of a window kernel's canonical attributes. */
export const stride = (attrs: Attributes): [number, number] => two(attrs, 'strides');

/** Reads a number with a default, for attributes that older kernels leave out. */
export const numberOr = (attrs: Attributes, name: string, otherwise: number): number =>
  typeof attrs[name] === 'number' ? number(attrs, name) : otherwise;
