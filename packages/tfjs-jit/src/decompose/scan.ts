import { cast, mul, pad, reverse, slice, type Tensor, util } from '@tensorflow/tfjs-core';
import { at, number } from '../kernels/spec.js';
import { type Decompositions, input } from './decomposition.js';

/** `x` moved by `steps` along an axis, ones coming in. */
function shifted(x: Tensor, axis: number, steps: number): Tensor {
  const size = x.shape.map((n, i) => (i === axis ? n - steps : n));
  const kept = slice(
    x,
    x.shape.map(() => 0),
    size,
  );
  return pad(
    kept,
    x.shape.map((_, i): [number, number] => [i === axis ? steps : 0, 0]),
    1,
  );
}

/** Running products, in as many steps as the length has binary digits. */
export const scan: Decompositions = {
  Cumprod(inputs, attrs) {
    const given = input(inputs, 'x');
    const axis = at(util.parseAxisParam(number(attrs, 'axis'), given.shape), 0);
    const x = given.dtype === 'bool' ? cast(given, 'int32') : given;
    const length = x.shape[axis] ?? 1;
    const turn = (t: Tensor): Tensor => (attrs['reverse'] === true ? reverse(t, [axis]) : t);
    let product = turn(x);
    if (attrs['exclusive'] === true && length > 0) product = shifted(product, axis, 1);
    for (let steps = 1; steps < length; steps *= 2) product = mul(product, shifted(product, axis, steps));
    return turn(product);
  },
};
