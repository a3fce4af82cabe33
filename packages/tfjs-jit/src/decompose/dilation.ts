import {
  add,
  addN,
  backend_util,
  cast,
  equal,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  mul,
  pad,
  reshape,
  slice,
  stack,
  stridedSlice,
  sum,
  type Tensor,
  type Tensor4D,
  util,
} from '@tensorflow/tfjs-core';
import type { Attributes } from '../graph/graph.js';
import { at } from '../kernels/spec.js';
import { checkWindow } from '../kernels/window.js';
import { couple, type Decompositions, extents4, input } from './decomposition.js';

type Pair = [number, number];

/** The windows of a grayscale dilation. */
interface Windows {
  readonly taps: readonly Pair[];
  readonly out: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: readonly [Pair, Pair];
}

function windowsOf(x: Tensor, filter: Tensor, attrs: Attributes): Windows {
  const [strides, dilations] = [couple(attrs, 'strides'), couple(attrs, 'dilations')];
  checkWindow(filter.shape, strides, dilations, attrs);
  const info = backend_util.computeDilation2DInfo(
    extents4(x),
    filter.shape as [number, number, number],
    strides,
    attrs['pad'] as 'same' | 'valid' | number,
    'NHWC',
    dilations,
  );
  util.assertNonNegativeIntegerDimensions(info.outShape);
  const { top, bottom, left, right } = info.padInfo;
  const [kh, kw] = [at(filter.shape, 0), at(filter.shape, 1)];
  return {
    taps: Array.from({ length: kh * kw }, (_, k): Pair => [Math.floor(k / kw), k % kw]),
    out: [info.outHeight, info.outWidth],
    strides,
    dilations,
    pads: [
      [top, bottom],
      [left, right],
    ],
  };
}

/** What each tap adds up to: the pixels under it and its own height, `[N, h, w, C]`. */
function candidates(x: Tensor, filter: Tensor, w: Windows): Tensor[] {
  const [n, , , c] = extents4(x);
  const padded = pad(x as Tensor4D, [[0, 0], ...w.pads, [0, 0]], Number.NEGATIVE_INFINITY);
  return w.taps.map(([i, j]) => {
    const begin: Pair = [i * w.dilations[0], j * w.dilations[1]];
    const end = begin.map((start, axis) => start + (at(w.out, axis) - 1) * at(w.strides, axis) + 1) as Pair;
    const seen = stridedSlice(padded, [0, ...begin, 0], [n, ...end, c], [1, ...w.strides, 1]);
    return add(seen, slice(filter, [i, j, 0], [1, 1, c]));
  });
}

/** For each tap, 1 where it gave the maximum; the first of equals, as TensorFlow.js has it. */
function winners(values: readonly Tensor[]): Tensor[] {
  const highest = values.reduce((a, b) => maximum(a, b));
  let taken: Tensor | undefined;
  return values.map((value) => {
    const hit = equal(value, highest);
    const first = taken === undefined ? hit : logicalAnd(hit, logicalNot(taken));
    taken = taken === undefined ? hit : logicalOr(taken, hit);
    return cast(first, 'float32');
  });
}

/** Puts the elements of `[N, h, w, C]` where tap (i, j) saw them in `[N, H, W, C]`. */
function scatter(dy: Tensor, [i, j]: Pair, image: readonly number[], w: Windows): Tensor {
  const [n, oh, ow, c] = extents4(dy);
  const [sh, sw] = w.strides;
  const gaps: Pair[] = [
    [0, 0],
    [0, 0],
    [0, sh - 1],
    [0, 0],
    [0, sw - 1],
    [0, 0],
  ];
  const spread = reshape(pad(reshape(dy, [n, oh, 1, ow, 1, c]), gaps), [n, oh * sh, ow * sw, c]);
  const reach: Pair = [(oh - 1) * sh + 1, (ow - 1) * sw + 1];
  const long = slice(spread, [0, 0, 0, 0], [n, ...reach, c]);
  const around = [i, j].map((tap, axis): Pair => {
    const begin = tap * at(w.dilations, axis);
    const whole = at(image, axis + 1) + at(w.pads, axis)[0] + at(w.pads, axis)[1];
    return [begin, Math.max(0, whole - begin - at(reach, axis))];
  });
  const padded = pad(long, [[0, 0], ...around, [0, 0]]);
  return slice(padded, [0, w.pads[0][0], w.pads[1][0], 0], [n, at(image, 1), at(image, 2), c]);
}

/** Grayscale dilation and its gradients. */
export const dilation: Decompositions = {
  Dilation2D(inputs, attrs) {
    const [x, filter] = [input(inputs, 'x'), input(inputs, 'filter')];
    return candidates(x, filter, windowsOf(x, filter, attrs)).reduce((a, b) => maximum(a, b));
  },
  Dilation2DBackpropInput(inputs, attrs) {
    const [x, filter, dy] = [input(inputs, 'x'), input(inputs, 'filter'), input(inputs, 'dy')];
    const w = windowsOf(x, filter, attrs);
    return addN(winners(candidates(x, filter, w)).map((won, k) => scatter(mul(dy, won), at(w.taps, k), x.shape, w)));
  },
  Dilation2DBackpropFilter(inputs, attrs) {
    const [x, filter, dy] = [input(inputs, 'x'), input(inputs, 'filter'), input(inputs, 'dy')];
    const won = winners(candidates(x, filter, windowsOf(x, filter, attrs)));
    return reshape(stack(won.map((mask) => sum(mul(dy, mask), [0, 1, 2]))), filter.shape);
  },
};
