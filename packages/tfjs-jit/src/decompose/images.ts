import {
  abs,
  add,
  cast,
  equal,
  floor,
  gather,
  greater,
  less,
  logicalOr,
  matMul,
  mul,
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
  where,
} from '@tensorflow/tfjs-core';
import { at, number, numbers } from '../kernels/spec.js';
import { type Decompositions, extents4, input } from './decomposition.js';

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

/** Kernels on images. */
export const images: Decompositions = {
  FlipLeftRight: (inputs) => reverse(input(inputs, 'image'), [2]),
  CropAndResize(inputs, attrs) {
    const [image, boxes] = [input(inputs, 'image'), input(inputs, 'boxes')];
    const [, h, w, c] = extents4(image);
    const [height, width] = numbers(attrs, 'cropSize') as [number, number];
    const bilinear = attrs['method'] !== 'nearest';
    const count = at(boxes.shape, 0);
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
