import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Form } from './forms.js';
import { at } from './kernels/spec.js';
import { checkNotLent } from './lent.js';
import { argumentOf } from './state-pairs.js';
import { type Flat, flatten } from './tree.js';

/**
 * A call's arguments, taken apart.
 *
 * @param donate - positions of those that the call consumes.
 * @throws {RangeError} where one of these is missing.
 * @throws {TypeError} for an argument that is no tree of tensors.
 * @throws {Error} for a tensor that was disposed, or that a call under way was given.
 */
export function takeArguments(args: readonly unknown[], donate: readonly number[]): Flat {
  checkDonated(donate, args.length);
  const flat = flatten([...args], 'the arguments');
  checkAlive(flat);
  return flat;
}

/** The tensors that a call consumes. */
export const consumed = ({ tensors, paths }: Flat, donate: readonly number[]): Tensor[] =>
  tensors.filter((_, i) => donate.includes(argumentOf(at(paths, i))));

/**
 * Checks that the function can assign its variables: no call under way was given one, and none is an argument, which the call
 * would read as it was before.
 */
export function checkAssigned({ assigned, assigns }: Form, { tensors, paths }: Flat): void {
  if (assigned.length === 0) return;
  for (const variable of assigned) checkNotLent(variable, () => `variable '${variable.name}'`);
  const both = tensors.findIndex((tensor) => assigns.has(tensor));
  if (both < 0) return;
  throw new Error(
    `jit: expected the variables that the function assigns not to be arguments, got '${(tensors[both] as Variable).name}' at ` +
      `'${paths[both]}'. Close over it alone, or pass tf.clone(variable) for its value before the call.`,
  );
}

/** Checks that a call has the arguments that it is to consume. */
function checkDonated(donate: readonly number[], given: number): void {
  const missing = donate.find((position) => position >= given);
  if (missing === undefined) return;
  throw new RangeError(
    `jit: expected a call with the arguments that donate lists, got ${given} arguments and donate [${donate}]. Positions ` +
      'count from 0; leave out what is not always passed.',
  );
}

/** Checks that every tensor still holds its values, and that no call under way was given it. */
function checkAlive({ tensors, paths }: Flat): void {
  tensors.forEach((tensor, i) => void checkNotLent(tensor, () => `'${paths[i]}'`));
  const gone = tensors.findIndex((tensor) => tensor.isDisposed);
  if (gone < 0) return;
  throw new Error(
    `jit: expected tensors that still hold their values, got a disposed one at '${paths[gone]}'. An argument that was ` +
      'donated is gone after the call: pass on what the call returned.',
  );
}
