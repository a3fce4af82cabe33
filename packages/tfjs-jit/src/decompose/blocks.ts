import { backend_util, pad, reshape, slice, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { number, numbers, pairs } from '../kernels/spec.js';
import { type Decompositions, extents4, input } from './decomposition.js';

const product = (sizes: readonly number[]): number => sizes.reduce((all, n) => all * n, 1);

/** Kernels that move blocks of an image into other axes. */
export const blocks: Decompositions = {
  BatchToSpaceND(inputs, attrs) {
    const x = input(inputs, 'x');
    const block = numbers(attrs, 'blockShape');
    const crops = pairs(attrs, 'crops');
    const size = product(block);
    const apart = backend_util.getReshaped(x.shape, block, size);
    const perm = backend_util.getPermuted(apart.length, block.length);
    const joined = backend_util.getReshapedPermuted(x.shape, block, size);
    const whole = reshape(transpose(reshape(x, apart), perm), joined);
    const begin = backend_util.getSliceBeginCoords(crops, block.length);
    return slice(whole, begin, backend_util.getSliceSize(joined, crops, block.length));
  },
  SpaceToBatchND(inputs, attrs) {
    const x = input(inputs, 'x');
    const block = numbers(attrs, 'blockShape');
    const paddings = pairs(attrs, 'paddings');
    const around = x.shape.map((_, axis): [number, number] => paddings[axis - 1] ?? [0, 0]);
    const padded = pad(x, around);
    const size = product(block);
    const apart = backend_util.getReshaped(padded.shape, block, size, false);
    const perm = backend_util.getPermuted(apart.length, block.length, false);
    const joined = backend_util.getReshapedPermuted(padded.shape, block, size, false);
    return reshape(transpose(reshape(padded, apart), perm), joined);
  },
  DepthToSpace(inputs, attrs) {
    const x = input(inputs, 'x');
    const size = number(attrs, 'blockSize');
    if (attrs['dataFormat'] !== 'NCHW') return depthToSpace(x, size);
    return transpose(depthToSpace(transpose(x, [0, 2, 3, 1]), size), [0, 3, 1, 2]);
  },
};

function depthToSpace(x: Tensor, size: number): Tensor {
  const [n, h, w, c] = extents4(x);
  const depth = c / (size * size);
  const apart = transpose(reshape(x, [n, h, w, size, size, depth]), [0, 1, 3, 2, 4, 5]);
  return reshape(apart, [n, h * size, w * size, depth]);
}
