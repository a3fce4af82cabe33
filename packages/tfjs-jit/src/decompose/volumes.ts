import {
  addN,
  avgPool,
  backend_util,
  conv2d,
  maxPool,
  pad,
  reshape,
  slice,
  stack,
  stridedSlice,
  type Tensor,
  type Tensor4D,
  type Tensor5D,
  tensor,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { type Attributes, sizeOf } from '../graph/graph.js';
import { at, numbers } from '../kernels/spec.js';
import { checkWindow } from '../kernels/window.js';
import { type Decompositions, extents4, input, run, triple } from './decomposition.js';

type Pad = 'same' | 'valid' | number;
type Rounding = 'floor' | 'round' | 'ceil' | undefined;
type Pool = (
  x: Tensor4D,
  size: [number, number],
  strides: [number, number],
  pad: Pad | backend_util.ExplicitPadding,
  rounding: Rounding,
) => Tensor4D;

/** `[N, D, H, W, C]` as `N·D` images. */
const images = (x: Tensor): Tensor4D => {
  const [n, d, h, w, c] = x.shape as [number, number, number, number, number];
  return reshape(x, [n * d, h, w, c]);
};
/** `N·D` images as a volume. */
const volume = (x: Tensor, n: number, d: number): Tensor5D => {
  const [, h, w, c] = extents4(x);
  return reshape(x, [n, d, h, w, c]);
};
/** `[N, D, H, W, C]` as images of `D` rows, for windows along the depth. */
const depths = (x: Tensor): Tensor4D => {
  const [n, d, h, w, c] = x.shape as [number, number, number, number, number];
  return reshape(x, [n, d, h * w, c]);
};

/** Padding along the depth alone, in the form of a window over images. */
const depthPad = (pads: Pad): 'same' | 'valid' | backend_util.ExplicitPadding =>
  typeof pads === 'number'
    ? [
        [0, 0],
        [pads, pads],
        [0, 0],
        [0, 0],
      ]
    : pads;

/** Padding of rows and columns: one number for both would be reckoned by the rows alone. */
const planePad = (pads: Pad): 'same' | 'valid' | backend_util.ExplicitPadding =>
  typeof pads === 'number'
    ? [
        [0, 0],
        [pads, pads],
        [pads, pads],
        [0, 0],
      ]
    : pads;

/** Refuses what is no window of a volume. */
function checkVolumeWindow(size: readonly number[], attrs: Attributes): void {
  const [strides, dilations] = [triple(attrs, 'strides'), triple(attrs, 'dilations')];
  checkWindow(size.slice(0, 2), strides, dilations, attrs);
  checkWindow(size.slice(1, 3), strides, dilations, attrs);
}

const settings = (attrs: Attributes, name: string): { depth: number; plane: [number, number] } => {
  const [depth, height, width] = triple(attrs, name);
  return { depth, plane: [height, width] };
};

/** Where the filter's windows lie along the depth. */
interface Window {
  /** Windows, and so output slices. */
  readonly out: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

function depthWindow(length: number, size: number, attrs: Attributes): Window {
  const [stride, dilation] = [settings(attrs, 'strides').depth, settings(attrs, 'dilations').depth];
  const { outHeight, padInfo } = backend_util.computeConv2DInfo(
    [1, length, 1, 1],
    [size, 1, 1, 1],
    [stride, 1],
    [dilation, 1],
    depthPad(attrs['pad'] as Pad),
  );
  return { out: outHeight, stride, dilation, before: padInfo.top, after: padInfo.bottom };
}

/** The slices of `x` that tap `i` sees, one per output slice. */
function tap(x: Tensor5D, i: number, { out, stride, dilation, before, after }: Window): Tensor5D {
  const around: [number, number][] = [
    [0, 0],
    [before, after],
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  const padded = before + after === 0 ? x : pad(x, around);
  const begin = i * dilation;
  const end = begin + (out - 1) * stride + 1;
  const [n, , h, w, c] = x.shape;
  if (stride === 1) return slice(padded, [0, begin, 0, 0, 0], [n, out, h, w, c]);
  return stridedSlice(padded, [0, begin, 0, 0, 0], [n, end, h, w, c], [1, stride, 1, 1, 1]) as Tensor5D;
}

/** The transpose of {@link tap}: puts output slices where tap `i` saw them. */
function untap(dy: Tensor, i: number, length: number, { out, stride, dilation, before, after }: Window): Tensor {
  const [n, , h, w, c] = dy.shape as [number, number, number, number, number];
  const spread = pad(reshape(dy, [n, out, 1, h, w, c]), [
    [0, 0],
    [0, 0],
    [0, stride - 1],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  const long = slice(
    reshape(spread, [n, out * stride, h, w, c]),
    [0, 0, 0, 0, 0],
    [n, (out - 1) * stride + 1, h, w, c],
  );
  const begin = i * dilation;
  const whole = length + before + after;
  const end = whole - begin - ((out - 1) * stride + 1);
  const padded = pad(long, [
    [0, 0],
    [begin, Math.max(0, end)],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  return slice(padded, [0, before, 0, 0, 0], [n, length, h, w, c]);
}

const planeAttrs = (attrs: Attributes): object => ({
  strides: settings(attrs, 'strides').plane,
  dilations: settings(attrs, 'dilations').plane,
  pad: attrs['pad'],
  dataFormat: 'NHWC',
});

/** Slice `i` of a filter `[kd, kh, kw, I, O]`. */
const plane = (filter: Tensor, i: number): Tensor4D => {
  const [, kh, kw, inChannels, outChannels] = filter.shape as [number, number, number, number, number];
  return reshape(slice(filter, [i, 0, 0, 0, 0], [1, kh, kw, inChannels, outChannels]), [
    kh,
    kw,
    inChannels,
    outChannels,
  ]);
};
const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Which windows see more than padding, `[1, D, H, W, 1]`; undefined when all do. */
function seeing(from: readonly number[], to: readonly number[], attrs: Attributes): Tensor | undefined {
  const pads = attrs['pad'];
  const size = triple(attrs, 'filterSize');
  if (typeof pads !== 'number' || size.every((n) => n > pads)) return undefined;
  const strides = triple(attrs, 'strides');
  const [depths, rows, columns] = size.map((taps, axis) =>
    Array.from({ length: at(to, axis + 1) }, (_, i) => {
      const start = i * at(strides, axis) - pads;
      return start + taps > 0 && start < at(from, axis + 1);
    }),
  ) as [boolean[], boolean[], boolean[]];
  const seen = depths.flatMap((d) => rows.flatMap((r) => columns.map((c) => d && r && c)));
  return tensor(seen, [1, depths.length, rows.length, columns.length, 1], 'bool');
}

/** A pool over height and width, then over depth: means of equal counts and maxima may be taken one after the other. */
const pool =
  (kind: Pool): Decompositions[string] =>
  (inputs, attrs) => {
    const x = input<Tensor5D>(inputs, 'x');
    checkVolumeWindow(triple(attrs, 'filterSize'), attrs);
    const { outShape } = backend_util.computePool3DInfo(
      x.shape,
      triple(attrs, 'filterSize'),
      triple(attrs, 'strides'),
      1,
      attrs['pad'] as Pad,
      attrs['dimRoundingMode'] as Rounding,
    );
    if (sizeOf(outShape) === 0) return zeros(outShape);
    const { flat, deep } = poolStages(kind, x, attrs);
    const [n, , h, w, c] = flat.shape as [number, number, number, number, number];
    const pooled = reshape(deep, [n, at(deep.shape, 1), h, w, c]);
    const seen = seeing(x.shape, pooled.shape, attrs);
    return seen === undefined ? pooled : where(seen, pooled, kind === avgPool ? 0 : Number.NEGATIVE_INFINITY);
  };

function poolStages(kind: Pool, x: Tensor, attrs: Attributes): { flat: Tensor; deep: Tensor } {
  const [size, strides] = [settings(attrs, 'filterSize'), settings(attrs, 'strides')];
  const [pads, rounding] = [attrs['pad'] as Pad, attrs['dimRoundingMode'] as Rounding];
  const flat = kind(images(x), size.plane, strides.plane, planePad(pads), rounding);
  const stacked = volume(flat, at(x.shape, 0), at(x.shape, 1));
  return { flat: stacked, deep: kind(depths(stacked), [size.depth, 1], [strides.depth, 1], depthPad(pads), rounding) };
}

const poolGrad =
  (kind: Pool, kernel: string): Decompositions[string] =>
  (inputs, attrs) => {
    const [dy, x] = [input(inputs, 'dy'), input(inputs, 'input')];
    const [size, strides] = [settings(attrs, 'filterSize'), settings(attrs, 'strides')];
    const shared = { dimRoundingMode: attrs['dimRoundingMode'] };
    const { flat, deep } = poolStages(kind, x, attrs);
    const back = (given: Tensor, from: Tensor, to: Tensor, extra: object): Tensor =>
      run(kernel, kernel === 'MaxPoolGrad' ? { dy: given, input: from, output: to } : { dy: given, input: from }, {
        ...shared,
        ...extra,
      });
    const dFlat = back(reshape(dy, deep.shape), depths(flat), deep, {
      filterSize: [size.depth, 1],
      strides: [strides.depth, 1],
      pad: depthPad(attrs['pad'] as Pad),
    });
    const flatImages = images(flat);
    const dx = back(reshape(dFlat, flatImages.shape), images(x), flatImages, {
      filterSize: size.plane,
      strides: strides.plane,
      pad: planePad(attrs['pad'] as Pad),
    });
    return reshape(dx, x.shape);
  };

/** Convolutions and pools of volumes, as those of images. */
export const volumes: Decompositions = {
  Conv3D(inputs, attrs) {
    const [x, filter] = [input<Tensor5D>(inputs, 'x'), input<Tensor5D>(inputs, 'filter')];
    checkVolumeWindow(filter.shape, attrs);
    const { outShape } = backend_util.computeConv3DInfo(
      x.shape,
      filter.shape,
      triple(attrs, 'strides'),
      triple(attrs, 'dilations'),
      attrs['pad'] as Pad,
    );
    if (sizeOf(outShape) === 0) return zeros(outShape);
    const window = depthWindow(x.shape[1], at(filter.shape, 0), attrs);
    const { strides, dilations } = { strides: settings(attrs, 'strides'), dilations: settings(attrs, 'dilations') };
    const parts = count(at(filter.shape, 0)).map((i) =>
      conv2d(
        images(tap(x, i, window)),
        plane(filter, i),
        strides.plane,
        attrs['pad'] as 'same' | 'valid',
        'NHWC',
        dilations.plane,
      ),
    );
    return volume(addN(parts), x.shape[0], window.out);
  },
  Conv3DBackpropInputV2(inputs, attrs) {
    const [dy, filter] = [input(inputs, 'dy'), input(inputs, 'filter')];
    const [n, d, h, w, c] = numbers(attrs, 'inputShape') as [number, number, number, number, number];
    const window = depthWindow(d, at(filter.shape, 0), attrs);
    const inputShape = [n * window.out, h, w, c];
    const parts = count(at(filter.shape, 0)).map((i) => {
      const given = { dy: images(dy), filter: plane(filter, i) };
      const dx = run('Conv2DBackpropInput', given, { ...planeAttrs(attrs), inputShape });
      return untap(volume(dx, n, window.out), i, d, window);
    });
    return addN(parts);
  },
  Conv3DBackpropFilterV2(inputs, attrs) {
    const [x, dy] = [input<Tensor5D>(inputs, 'x'), input(inputs, 'dy')];
    const [kd, ...filterShape] = numbers(attrs, 'filterShape') as [number, number, number, number, number];
    const window = depthWindow(x.shape[1], kd, attrs);
    return stack(
      count(kd).map((i) =>
        run(
          'Conv2DBackpropFilter',
          { x: images(tap(x, i, window)), dy: images(dy) },
          { ...planeAttrs(attrs), filterShape },
        ),
      ),
    );
  },
  MaxPool3D: pool(maxPool),
  AvgPool3D: pool(avgPool),
  MaxPool3DGrad: poolGrad(maxPool, 'MaxPoolGrad'),
  AvgPool3DGrad: poolGrad(avgPool, 'AvgPoolGrad'),
};
