import { add, atan, div, equal, greater, greaterEqual, where } from '@tensorflow/tfjs-core';
import { type Decompositions, input } from './decomposition.js';

/** Angles. */
export const angles: Decompositions = {
  Atan2(inputs) {
    const [a, b] = [input(inputs, 'a'), input(inputs, 'b')];
    const half = where(greaterEqual(a, 0), Math.PI, -Math.PI);
    const left = add(atan(div(a, b)), where(greaterEqual(b, 0), 0, half));
    const upright = where(equal(a, 0), 0, where(greater(a, 0), Math.PI / 2, -Math.PI / 2));
    return where(equal(b, 0), upright, left);
  },
};
