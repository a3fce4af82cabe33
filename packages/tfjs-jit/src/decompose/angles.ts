import {
  add,
  atan,
  backend_util,
  cast,
  div,
  equal,
  greater,
  greaterEqual,
  type Tensor,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '../graph/graph.js';
import { type Decompositions, input } from './decomposition.js';

/** The angle of (b, a), in float32. */
function angle(a: Tensor, b: Tensor): Tensor {
  const half = where(greaterEqual(a, 0), Math.PI, -Math.PI);
  const left = add(atan(div(a, b)), where(greaterEqual(b, 0), 0, half));
  const upright = where(equal(a, 0), 0, where(greater(a, 0), Math.PI / 2, -Math.PI / 2));
  return where(equal(b, 0), upright, left);
}

/** Angles. */
export const angles: Decompositions = {
  Atan2(inputs) {
    const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    if (sizeOf(shape) === 0) return zeros(shape, a.dtype);
    const found = angle(cast(a, 'float32'), cast(b, 'float32'));
    // Whole numbers, and of these bool, as cpu writes them into its arrays.
    return cast(a.dtype === 'bool' ? cast(found, 'int32') : found, a.dtype);
  },
};
