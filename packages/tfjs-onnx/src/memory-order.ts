import type { Data } from '@edm2/tfjs-jit/graph';
import { inverse, movesNothing, permute, transposeData } from './permutation.js';

/** True when a tensor of `shape` held in `order` lies in memory as TensorFlow.js itself holds it. */
export const isPlainOrder = (shape: readonly number[], order: readonly number[]): boolean => movesNothing(shape, order);

/** Copy of row-major `data` of `shape`, moved to the given order of axes. */
export const toPhysical = <T extends Data>(data: T, shape: readonly number[], order: readonly number[]): T =>
  transposeData(data, shape, order);

/** Copy of `data`, which lies in the given order, moved back to row-major. */
export const toPlain = <T extends Data>(data: T, shape: readonly number[], order: readonly number[]): T =>
  transposeData(data, permute(shape, order), inverse(order));
