import { createRandom } from '@edm2/random';

/**
 * The unit noise that a seed's sample begins with.
 *
 * @param seed - a safe integer.
 * @param shape - one sample's shape, without the batch axis.
 * @returns float32, row-major, as many values as the shape has.
 */
export const seedNoise = (seed: number, shape: readonly number[]): Float32Array =>
  createRandom(seed).stream('sample', 'noise').normal(sizeOf(shape));

/** The unit noise that churn adds to a seed's sample at a step (0-based). */
export const seedChurnNoise = (seed: number, shape: readonly number[], step: number): Float32Array =>
  createRandom(seed).stream('sample', 'churn', step).normal(sizeOf(shape));

/**
 * The default class of a seed's sample: uniform over 0 … classes − 1.
 *
 * @throws {RangeError} when classes is not a whole number ≥ 1.
 */
export const seedClass = (seed: number, classes: number): number =>
  createRandom(seed).stream('sample', 'label').integers(1, classes)[0] as number;

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
