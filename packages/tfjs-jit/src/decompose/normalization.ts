import {
  add,
  div,
  matMul,
  mul,
  pow,
  reshape,
  rsqrt,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  tensor2d,
} from '@tensorflow/tfjs-core';
import type { Attributes } from '../graph/graph.js';
import { number } from '../kernels/spec.js';
import { type Decompositions, input } from './decomposition.js';

/** `[C, C]`, one where two channels are at most `radius` apart. */
function neighbours(channels: number, radius: number): Tensor2D {
  const band = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let k = Math.max(0, i - radius); k <= Math.min(channels - 1, i + radius); k++) band[i * channels + k] = 1;
  }
  return tensor2d(band, [channels, channels]);
}

/** Sums over neighbouring channels, the last axis: a product, since the window slides over few channels. */
function sumNeighbours(x: Tensor, radius: number): Tensor {
  const channels = x.shape[x.shape.length - 1] ?? 1;
  if (x.size === 0) return x;
  return reshape(matMul(reshape(x, [-1, channels]), neighbours(channels, radius)), x.shape);
}

const localNorm = (x: Tensor, attrs: Attributes): Tensor =>
  add(mul(sumNeighbours(square(x), number(attrs, 'depthRadius')), number(attrs, 'alpha')), number(attrs, 'bias'));

/** Normalisation kernels. */
export const normalization: Decompositions = {
  FusedBatchNorm(inputs, attrs) {
    const [x, mean, variance] = [input(inputs, 'x'), input(inputs, 'mean'), input(inputs, 'variance')];
    const inverse = rsqrt(add(variance, number(attrs, 'varianceEpsilon')));
    const scale = inputs['scale'] ? mul(inverse, inputs['scale']) : inverse;
    // One product and one sum over the whole tensor; with constants, engines fold both into the convolution before.
    const shift = sub(inputs['offset'] ?? 0, mul(mean, scale));
    return add(mul(x, scale), shift);
  },
  LRN: (inputs, attrs) => {
    const x = input(inputs, 'x');
    return mul(x, pow(localNorm(x, attrs), -number(attrs, 'beta')));
  },
  LRNGrad(inputs, attrs) {
    const [x, y, dy] = [input(inputs, 'x'), input(inputs, 'y'), input(inputs, 'dy')];
    const beta = number(attrs, 'beta');
    const norm = localNorm(x, attrs);
    const shared = sumNeighbours(div(mul(dy, y), norm), number(attrs, 'depthRadius'));
    return sub(mul(dy, pow(norm, -beta)), mul(mul(x, shared), 2 * number(attrs, 'alpha') * beta));
  },
};
