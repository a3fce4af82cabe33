import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { type ArgumentCase, calls, extent, floats, int } from './argument-case.js';

const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight: 10 }, { arbitrary: odd, weight: 1 });

const image = fc.record({ n: int(1, 2), h: int(1, 6), w: int(1, 6), c: int(1, 3) });
const kernel = fc.record({ kh: rarely(int(1, 3), int(0, 7)), kw: int(1, 3) });
const strides = rarely<number | [number, number]>(fc.oneof(int(1, 3), fc.tuple(int(1, 2), int(1, 2))), int(-1, 0));
const dilations = rarely<number | [number, number]>(
  fc.constant(1),
  fc.oneof(int(0, 2), fc.tuple(int(1, 2), int(1, 2))),
);
const explicit = fc
  .tuple(int(0, 2), int(0, 2), int(0, 2), int(0, 2))
  .map(([t, b, l, r]): [[number, number], [number, number], [number, number], [number, number]] => [
    [0, 0],
    [t, b],
    [l, r],
    [0, 0],
  ]);
const pad = fc.oneof(
  { arbitrary: fc.constantFrom('same' as const, 'valid' as const), weight: 4 },
  { arbitrary: int(0, 2), weight: 2 },
  { arbitrary: fc.constantFrom(-1, 0.5), weight: 1 },
);
const padding = fc.oneof({ arbitrary: pad, weight: 5 }, { arbitrary: explicit, weight: 1 });
const rounding = rarely(fc.constant(undefined), fc.constantFrom('floor' as const, 'round' as const, 'ceil' as const));
/** Channels that the filter expects. */
const mismatch = rarely(fc.constant(0), int(-1, 1));
const format = rarely(fc.constant('NHWC' as const), fc.constant('NCHW' as const));

const settings = { ...{ strides, dilations, pad, rounding } };

/** Volumes with `'same'` in steps of one: cpu begins before a window that is shorter than its stride, where TensorFlow does not. */
const inStep = <T extends { readonly pad: unknown; readonly strides: unknown }>(args: T): T =>
  args.pad === 'same' ? { ...args, strides: 1 } : args;

/** Ops that slide windows over images, and ops that resize them. */
export const windows: readonly ArgumentCase[] = [
  {
    name: 'conv2d',
    calls: calls(
      fc.record({ x: image, k: kernel, out: int(1, 2), mismatch, ...settings, pad: padding, format }),
      ({ x: { n, h, w, c }, k, out, mismatch: m }) => [
        floats([n, h, w, c]),
        floats([k.kh, k.kw, Math.max(0, c + m), out]),
      ],
      ({ strides: s, pad: p, format: f, dilations: d, rounding: r }, x, filter) =>
        tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s, p, f, d, r),
    ),
  },
  {
    name: 'images without elements',
    calls: calls(
      fc.record({
        n: extent,
        h: int(0, 3),
        c: extent,
        op: int(0, 3),
        pad: fc.constantFrom('same' as const, 'valid' as const),
      }),
      ({ n, h, c }) => [floats([n, h, 2, c]), floats([2, 2, c, 1])],
      ({ op, pad: p }, given, filter) => {
        const x = given as tf.Tensor4D;
        if (op === 0) return tf.conv2d(x, filter as tf.Tensor4D, 1, p);
        if (op === 1) return tf.depthwiseConv2d(x, filter as tf.Tensor4D, 1, p);
        return op === 2 ? tf.maxPool(x, 2, 1, p) : tf.avgPool(x, 2, 1, p);
      },
    ),
  },
  {
    name: 'conv2d on channels first',
    calls: calls(
      fc.record({ x: image, k: kernel, out: int(1, 2), mismatch, strides, pad }),
      ({ x: { n, h, w, c }, k, out, mismatch: m }) => [
        floats([n, c, h, w]),
        floats([k.kh, k.kw, Math.max(0, c + m), out]),
      ],
      ({ strides: s, pad: p }, x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s, p, 'NCHW'),
    ),
  },
  {
    name: 'conv1d',
    calls: calls(
      fc.record({
        n: int(1, 2),
        w: int(1, 6),
        c: int(1, 3),
        k: int(0, 4),
        mismatch,
        stride: int(0, 3),
        dilation: rarely(fc.constant(1), int(0, 2)),
        pad,
      }),
      ({ n, w, c, k, mismatch: m }) => [floats([n, w, c]), floats([k, Math.max(0, c + m), 2])],
      ({ stride, pad: p, dilation }, x, filter) =>
        tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, stride, p, 'NWC', dilation),
    ),
  },
  {
    name: 'depthwiseConv2d',
    calls: calls(
      fc.record({ x: image, k: kernel, multiplier: int(1, 2), mismatch, ...settings }),
      ({ x: { n, h, w, c }, k, multiplier, mismatch: m }) => [
        floats([n, h, w, c]),
        floats([k.kh, k.kw, Math.max(0, c + m), multiplier]),
      ],
      ({ strides: s, pad: p, dilations: d, rounding: r }, x, filter) =>
        tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, s, p, 'NHWC', d, r),
    ),
  },
  {
    name: 'separableConv2d',
    calls: calls(
      fc.record({
        x: image,
        k: kernel,
        mismatch,
        strides,
        dilations,
        pad: fc.constantFrom('same' as const, 'valid' as const),
      }),
      ({ x: { n, h, w, c }, k, mismatch: m }) => [
        floats([n, h, w, c]),
        floats([k.kh, k.kw, c, 2]),
        floats([1, 1, Math.max(0, 2 * c + m), 3]),
      ],
      ({ strides: s, pad: p, dilations: d }, x, depth, point) =>
        tf.separableConv2d(x as tf.Tensor4D, depth as tf.Tensor4D, point as tf.Tensor4D, s, p, d),
    ),
  },
  {
    name: 'conv2dTranspose',
    calls: calls(
      fc.record({
        x: image,
        k: kernel,
        mismatch,
        strides: int(1, 3),
        pad,
        to: fc.tuple(rarely(int(1, 2), int(0, 3)), int(1, 9), int(1, 9), int(1, 2)),
      }),
      ({ x: { n, h, w, c }, k, mismatch: m, to }) => [
        floats([n, h, w, c]),
        floats([k.kh, k.kw, to[3], Math.max(0, c + m)]),
      ],
      ({ strides: s, pad: p, to }, x, filter) => tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, to, s, p),
    ),
  },
  {
    name: 'conv2dTranspose to a fitting size',
    calls: calls(
      fc.record({
        x: image,
        k: fc.record({ kh: int(1, 3), kw: int(1, 3) }),
        s: int(1, 2),
        more: int(-1, 1),
        pad: fc.constantFrom('same' as const, 'valid' as const),
      }),
      ({ x: { n, h, w, c }, k }) => [floats([n, h, w, c]), floats([k.kh, k.kw, 2, c])],
      ({ x: { n, h, w }, k, s, more, pad: p }, x, filter) =>
        tf.conv2dTranspose(
          x as tf.Tensor4D,
          filter as tf.Tensor4D,
          [n, p === 'same' ? h * s + more : (h - 1) * s + k.kh + more, p === 'same' ? w * s : (w - 1) * s + k.kw, 2],
          s,
          p,
        ),
    ),
  },
  {
    name: 'conv3d',
    calls: calls(
      fc
        .record({
          n: int(1, 2),
          d: int(1, 4),
          h: int(1, 4),
          w: int(1, 3),
          c: int(1, 2),
          k: fc.tuple(int(0, 3), int(1, 2), int(1, 2)),
          mismatch,
          strides: fc.oneof(int(0, 2), fc.tuple(int(1, 2), int(1, 2), int(1, 2))),
          dilations: rarely(fc.constant(1), int(0, 2)),
          pad: fc.constantFrom('same' as const, 'valid' as const),
        })
        .map(inStep),
      ({ n, d, h, w, c, k, mismatch: m }) => [floats([n, d, h, w, c]), floats([...k, Math.max(0, c + m), 2])],
      ({ strides: s, pad: p, dilations: dil }, x, filter) =>
        tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, s, p, 'NDHWC', dil),
    ),
  },
  ...(['maxPool', 'avgPool'] as const).map(
    (kind): ArgumentCase => ({
      name: kind,
      calls: calls(
        fc.record({
          x: image,
          size: rarely<number | [number, number]>(fc.oneof(int(1, 3), fc.tuple(int(1, 3), int(1, 3))), int(0, 7)),
          strides,
          pad: padding,
          rounding,
        }),
        ({ x: { n, h, w, c } }) => [floats([n, h, w, c])],
        ({ size, strides: s, pad: p, rounding: r }, x) =>
          (kind === 'maxPool' ? tf.maxPool : tf.avgPool)(x as tf.Tensor4D, size, s, p, r),
      ),
    }),
  ),
  ...(['maxPool3d', 'avgPool3d'] as const).map(
    (kind): ArgumentCase => ({
      name: kind,
      calls: calls(
        fc
          .record({
            n: int(1, 2),
            d: int(1, 4),
            h: int(1, 4),
            w: int(1, 3),
            size: fc.tuple(int(0, 3), int(1, 2), int(1, 2)),
            strides: fc.oneof(int(0, 2), fc.tuple(int(1, 2), int(1, 2), int(1, 2))),
            pad: fc.oneof(fc.constantFrom('same' as const, 'valid' as const), int(-1, 1)),
            rounding,
          })
          .map(inStep),
        ({ n, d, h, w }) => [floats([n, d, h, w, 2])],
        ({ size, strides: s, pad: p, rounding: r }, x) =>
          (kind === 'maxPool3d' ? tf.maxPool3d : tf.avgPool3d)(x as tf.Tensor5D, size, s, p, r),
      ),
    }),
  ),
  {
    name: 'pool',
    calls: calls(
      fc.record({
        x: image,
        size: fc.tuple(int(1, 3), int(1, 3)),
        kind: fc.constantFrom('max' as const, 'avg' as const),
        pad,
        dilations: fc.oneof(int(0, 2), fc.tuple(int(1, 2), int(1, 2))),
        strides,
      }),
      ({ x: { n, h, w, c } }) => [floats([n, h, w, c])],
      ({ size, kind, pad: p, dilations: d, strides: s }, x) => tf.pool(x as tf.Tensor4D, size, kind, p, d, s),
    ),
  },
  {
    name: 'maxPoolWithArgmax',
    stricter: /expected less padding than the window/,
    calls: calls(
      fc.record({
        x: image,
        size: int(0, 3),
        strides: int(0, 2),
        pad: fc.oneof(fc.constantFrom('same' as const, 'valid' as const), int(-1, 1)),
        batch: fc.boolean(),
      }),
      ({ x: { n, h, w, c } }) => [floats([n, h, w, c])],
      ({ size, strides: s, pad: p, batch }, x) => {
        const { result, indexes } = tf.maxPoolWithArgmax(x as tf.Tensor4D, size, s, p, batch);
        return [result as tf.Tensor, indexes as tf.Tensor];
      },
    ),
  },
  {
    name: 'dilation2d',
    calls: calls(
      fc.record({
        x: image,
        k: kernel,
        mismatch,
        strides,
        dilations,
        pad: fc.constantFrom('same' as const, 'valid' as const),
      }),
      ({ x: { n, h, w, c }, k, mismatch: m }) => [floats([n, h, w, c]), floats([k.kh, k.kw, Math.max(0, c + m)])],
      ({ strides: s, pad: p, dilations: d }, x, filter) =>
        tf.dilation2d(x as tf.Tensor4D, filter as tf.Tensor3D, s as [number, number], p, d as [number, number]),
    ),
  },
  ...(['resizeBilinear', 'resizeNearestNeighbor'] as const).map(
    (kind): ArgumentCase => ({
      name: kind,
      calls: calls(
        fc.record({
          x: image,
          size: fc.array(rarely(int(1, 7), int(-1, 0)), { minLength: 2, maxLength: 2 }),
          align: fc.boolean(),
          half: fc.boolean(),
        }),
        ({ x: { n, h, w, c } }) => [floats([n, h, w, c])],
        ({ size, align, half }, x) => tf.image[kind](x as tf.Tensor4D, size as [number, number], align, half),
      ),
    }),
  ),
  {
    name: 'localResponseNormalization',
    calls: calls(
      fc.record({
        x: image,
        radius: fc.oneof(int(-1, 3), fc.constant(0.5)),
        bias: fc.constantFrom(1, 0.5),
        alpha: fc.constantFrom(1, 0.3),
        beta: fc.constantFrom(0.5, 1),
      }),
      ({ x: { n, h, w, c } }) => [floats([n, h, w, c])],
      ({ radius, bias, alpha, beta }, x) => tf.localResponseNormalization(x as tf.Tensor4D, radius, bias, alpha, beta),
    ),
  },
  {
    name: 'batchNorm',
    stricter: /could not be broadcast|must match the product/,
    calls: calls(
      fc.record({
        x: image,
        shapes: fc.array(
          fc.oneof(
            { arbitrary: fc.constant('c'), weight: 6 },
            { arbitrary: fc.constantFrom('one', 'more', 'whole', 'scalar'), weight: 1 },
          ),
          { minLength: 4, maxLength: 4 },
        ),
      }),
      ({ x: { n, h, w, c }, shapes }) => [
        floats([n, h, w, c]),
        ...shapes.map((kind) =>
          tf.tidy(() =>
            tf.abs(
              floats(
                kind === 'c'
                  ? [c]
                  : kind === 'one'
                    ? [1]
                    : kind === 'more'
                      ? [c + 1]
                      : kind === 'scalar'
                        ? []
                        : [n, h, w, c],
              ),
            ),
          ),
        ),
      ],
      (_, x, mean, variance, offset, scale) =>
        tf.batchNorm(
          x as tf.Tensor4D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
        ),
    ),
  },
  {
    name: 'flipLeftRight, rank 3 to 5',
    calls: calls(
      fc.record({ shape: fc.array(extent, { minLength: 3, maxLength: 5 }) }),
      ({ shape }) => [floats(shape)],
      (_, x) => tf.image.flipLeftRight(x as tf.Tensor4D),
    ),
  },
];
