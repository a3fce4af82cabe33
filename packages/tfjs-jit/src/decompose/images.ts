import {
  abs,
  add,
  cast,
  equal,
  floor,
  floorDiv,
  gather,
  greater,
  less,
  logicalOr,
  matMul,
  maxPoolWithArgmax,
  mod,
  mul,
  pad,
  range,
  relu,
  reshape,
  reverse,
  scalar,
  slice,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  util,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { at, number, numbers } from '../kernels/spec.js';
import { couple, type Decompositions, extents4, input } from './decomposition.js';

type Pair = [number, number];

/** Column `i` of the boxes, `[B, 1]`. */
const column = (boxes: Tensor, i: number): Tensor2D => slice(boxes as Tensor2D, [0, i], [at(boxes.shape, 0), 1]);

/** Where a crop's rows (or columns) lie in the image, `[B, crop]`. */
function positions(begin: Tensor, end: Tensor, extent: number, crop: number): Tensor {
  if (crop === 1) return mul(add(begin, end), 0.5 * (extent - 1));
  const step = mul(sub(end, begin), (extent - 1) / (crop - 1));
  return add(mul(begin, extent - 1), mul(step, reshape(range(0, crop), [1, crop])));
}

/** The share of each row of the image in each row of the crop, `[B, crop, extent]`. */
function shares(where: Tensor, extent: number, bilinear: boolean): Tensor {
  const [boxes, crop] = where.shape as [number, number];
  const rows = reshape(range(0, extent), [1, 1, extent]);
  const at = reshape(where, [boxes, crop, 1]);
  if (bilinear) return relu(sub(1, abs(sub(at, rows))));
  return cast(equal(floor(add(at, 0.5)), rows), 'float32');
}

const outside = (where: Tensor, extent: number): Tensor => logicalOr(less(where, 0), greater(where, extent - 1));

/** The places of maxima in an image, from those in the image with padding around it. */
function placesInside(places: Tensor, x: Tensor, [top, left]: Pair, [rows, columns]: Pair): Tensor {
  const [, h, w, c] = extents4(x);
  const int = (n: number): Tensor => scalar(n, 'int32');
  const channel = mod(places, int(c));
  const pixel = floorDiv(places, int(c));
  const column = sub(mod(pixel, int(columns)), int(left));
  const line = floorDiv(pixel, int(columns));
  const row = sub(mod(line, int(rows)), int(top));
  const first = mul(floorDiv(line, int(rows)), int(h));
  return add(mul(add(mul(add(first, row), int(w)), column), int(c)), channel);
}

/** Kernels on images. */
export const images: Decompositions = {
  MaxPoolWithArgmax(inputs, attrs) {
    const given = attrs['pad'];
    const around =
      typeof given === 'number'
        ? [
            [0, 0],
            [given, given],
            [given, given],
            [0, 0],
          ]
        : given;
    if (!Array.isArray(around) || around.flat().every((n) => n === 0)) return undefined;
    const x = input<Tensor4D>(inputs, 'x');
    const size = couple(attrs, 'filterSize');
    const [, [top, bottom], [left, right]] = around as [Pair, Pair, Pair, Pair];
    util.assert(
      Math.max(top, bottom) < size[0] && Math.max(left, right) < size[1],
      () =>
        `Error in maxPoolWithArgmax: expected less padding than the window of ${size}, got ${JSON.stringify(given)}.`,
    );
    const padded = pad(x, around as [Pair, Pair, Pair, Pair], Number.NEGATIVE_INFINITY);
    const { result, indexes } = maxPoolWithArgmax(
      padded,
      size,
      couple(attrs, 'strides'),
      'valid',
      attrs['includeBatchInIndex'] === true,
    ) as { result: Tensor; indexes: Tensor };
    const [, rows, columns] = padded.shape;
    return [result, placesInside(cast(indexes, 'int32'), x, [top, left], [rows, columns])];
  },
  FlipLeftRight: (inputs) => reverse(input(inputs, 'image'), [2]),
  CropAndResize(inputs, attrs) {
    const [image, boxes] = [input(inputs, 'image'), input(inputs, 'boxes')];
    const [, h, w, c] = extents4(image);
    const [height, width] = numbers(attrs, 'cropSize') as [number, number];
    const bilinear = attrs['method'] !== 'nearest';
    const count = at(boxes.shape, 0);
    if (count * c === 0) return zeros([count, height, width, c]);
    const y = positions(column(boxes, 0), column(boxes, 2), h, height);
    const x = positions(column(boxes, 1), column(boxes, 3), w, width);
    const sources = gather(image, input<Tensor1D>(inputs, 'boxInd'));
    const rows = matMul(shares(y, h, bilinear), reshape(sources, [count, h, w * c]));
    const columns = reshape(shares(x, w, bilinear), [count, 1, width, w]);
    const crops = matMul(columns, reshape(rows, [count, height, w, c]));
    const beyond = logicalOr(
      reshape(outside(y, h), [count, height, 1, 1]),
      reshape(outside(x, w), [count, 1, width, 1]),
    );
    return where(beyond, scalar(number(attrs, 'extrapolationValue')), crops);
  },
};
