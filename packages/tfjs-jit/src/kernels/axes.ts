import { util } from '@tensorflow/tfjs-core';
import { at } from './spec.js';

/** An axis that may be counted from the end. */
export const axisOf = (axis: number, shape: readonly number[]): number => at(util.parseAxisParam(axis, [...shape]), 0);

/** Where a new axis goes. */
export function newAxis(axis: number, shape: readonly number[]): number {
  const rank = shape.length;
  util.assert(-(rank + 1) <= axis && axis <= rank, () => `Axis must be in the interval [${-(rank + 1)}, ${rank}]`);
  return axis < 0 ? axis + rank + 1 : axis;
}
