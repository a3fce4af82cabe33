import { at, type Node, numbers, reach, type SlidingWindow, sizeOf } from '@edm2/tfjs-jit/graph';
import { combine, type Emitter, type Lowering, type Lowerings, longs, type Ref } from './emitter.js';
import { tensorType } from './hlo-type.js';
import { start } from './reduce.js';
import { padWith } from './shape.js';
import { windowOf } from './window.js';

const arg = (node: Node, e: Emitter, index = 0): Ref => e.ref(at(node.inputs, index));
const outShape = (node: Node): readonly number[] => at(node.outputs, 0).shape;

const windowFor = (node: Node, image: readonly number[], out: readonly number[]): SlidingWindow =>
  windowOf(node, image, out, numbers(node.attrs, 'filterSize'));

const images = (values: readonly number[]): readonly number[] => [1, ...values, 1];

const pairsText = (pads: readonly (readonly number[])[]): string =>
  `padding = dense<[${[[0, 0], ...pads, [0, 0]].map((pad) => `[${pad}]`)}]> : tensor<4x2xi64>`;

const windowText = (w: SlidingWindow): string =>
  [
    `window_dimensions = ${longs(images(w.kernel))}`,
    `window_strides = ${longs(images(w.strides))}`,
    `window_dilations = ${longs(images(w.dilations))}`,
    pairsText(w.pads),
  ].join(', ');

const folded = (fold: 'maximum' | 'add', x: Ref, w: SlidingWindow, shape: readonly number[], e: Emitter): Ref =>
  e.op('reduce_window', [x, e.scalar(start(fold, x.type))], { shape }, windowText(w), combine(fold, x.type));

/** How many of the image's pixels each window covers, row by row: padding does not count. */
function counts({ strides, kernel, dilations, pads, from, to }: SlidingWindow): Float32Array {
  const along = (i: 0 | 1): number[] =>
    Array.from({ length: to[i] }, (_, k) => {
      const begin = k * strides[i] - pads[i][0];
      const taps = Array.from({ length: kernel[i] }, (_unused, tap) => begin + tap * dilations[i]);
      return taps.filter((at) => at >= 0 && at < from[i]).length;
    });
  const columns = along(1);
  return Float32Array.from(along(0).flatMap((h) => columns.map((w) => h * w)));
}

/** Number of pixels in each window, as a tensor of the windows' shape. */
const countsLike = (x: Ref, w: SlidingWindow, e: Emitter): Ref =>
  e.broadcast(e.tensor(counts(w), [1, w.to[0], w.to[1], 1], 'float32'), x.shape);

/** Chooses between two values that lie at two places: the larger, the first of equal ones. */
function largerFirst(type: Ref['type']): string {
  const [value, place] = [tensorType([], type), 'tensor<i32>'];
  return `{ ^bb0(%a: ${value}, %i: ${place}, %b: ${value}, %j: ${place}):
    %larger = stablehlo.compare GT, %a, %b, FLOAT : (${value}, ${value}) -> tensor<i1>
    %same = stablehlo.compare EQ, %a, %b, FLOAT : (${value}, ${value}) -> tensor<i1>
    %before = stablehlo.compare LT, %i, %j, SIGNED : (${place}, ${place}) -> tensor<i1>
    %first = stablehlo.and %same, %before : tensor<i1>
    %take = stablehlo.or %larger, %first : tensor<i1>
    %v = stablehlo.select %take, %a, %b : tensor<i1>, ${value}
    %p = stablehlo.select %take, %i, %j : tensor<i1>, ${place}
    stablehlo.return %v, %p : ${value}, ${place} }`;
}

const MAX_INT32 = 2 ** 31 - 1;

/** Pools and their gradients, NHWC. */
export const pools: Lowerings = {
  MaxPool(node, e) {
    const x = arg(node, e);
    return folded('maximum', x, windowFor(node, x.shape, outShape(node)), outShape(node), e);
  },
  MaxPoolWithArgmax(node, e) {
    const x = arg(node, e);
    const shape = outShape(node);
    const w = windowFor(node, x.shape, shape);
    const [, h, width, c] = x.shape as [number, number, number, number];
    const perImage = node.attrs['includeBatchInIndex'] !== true;
    const line = e.op('iota', [], { shape: [sizeOf(x.shape)], type: 'i32' }, 'iota_dimension = 0 : i64');
    const inside = e.op('remainder', [line, e.like(line, h * width * c)]);
    const places = e.reshape(perImage ? inside : line, x.shape);
    const inits = [e.scalar(Number.NEGATIVE_INFINITY), e.scalar(MAX_INT32, 'i32')];
    const results = [
      { shape, type: x.type },
      { shape, type: 'i32' as const },
    ];
    return e.ops('reduce_window', [x, places, ...inits], results, windowText(w), largerFirst(x.type));
  },
  MaxPoolGrad(node, e) {
    const [dy, x] = [arg(node, e), arg(node, e, 1)];
    const w = windowFor(node, x.shape, dy.shape);
    if (w.dilations.some((n) => n !== 1))
      throw new RangeError(
        'jit: expected the gradient of tf.maxPool without dilation, got one with. Leave dilations out.',
      );
    // Written out, so that no maximum comes from padding; what a negative width takes away has no gradient.
    const low = [0, w.pads[0][0], w.pads[1][0], 0];
    const high = [0, w.pads[0][1], w.pads[1][1], 0];
    const image = padWith(x, low, high, Number.NEGATIVE_INFINITY, e);
    const t = tensorType([], x.type);
    const select = `{ ^bb0(%a: ${t}, %b: ${t}): %c = stablehlo.compare GE, %a, %b, FLOAT : (${t}, ${t}) -> tensor<i1> stablehlo.return %c : tensor<i1> }`;
    const attributes = `window_dimensions = ${longs(images(w.kernel))}, window_strides = ${longs(images(w.strides))}`;
    const regions = `${select}, ${combine('add', x.type)}`;
    const made = e.op('select_and_scatter', [image, dy, e.scalar(0)], { shape: image.shape }, attributes, regions);
    return padWith(
      made,
      low.map((n) => -n),
      high.map((n) => -n),
      0,
      e,
    );
  },
  AvgPool(node, e) {
    const x = arg(node, e);
    const w = windowFor(node, x.shape, outShape(node));
    const sums = folded('add', x, w, outShape(node), e);
    return e.op('divide', [sums, countsLike(sums, w, e)]);
  },
  AvgPoolGrad(node, e) {
    const dy = arg(node, e);
    const shape = outShape(node);
    const w = windowFor(node, shape, dy.shape);
    const share = e.op('divide', [dy, countsLike(dy, w, e)]);
    // Every pixel gets the shares of the windows that it lies in: sums over what the strides spread.
    const pads = ([0, 1] as const).map((i) => {
      const before = reach(w, i) - 1 - w.pads[i][0];
      const spread = (w.to[i] - 1) * w.strides[i] + 1;
      return [before, w.from[i] + reach(w, i) - 1 - spread - before];
    });
    const attributes = [
      `window_dimensions = ${longs(images(w.kernel))}`,
      `base_dilations = ${longs(images(w.strides))}`,
      `window_dilations = ${longs(images(w.dilations))}`,
      pairsText(pads),
    ].join(', ');
    return e.op('reduce_window', [share, e.scalar(0)], { shape }, attributes, combine('add', share.type));
  },
} satisfies Record<string, Lowering>;
