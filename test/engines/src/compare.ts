import '@tensorflow/tfjs';
import { difference } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { noteKernels } from './coverage.js';

type Tensors = readonly tf.Tensor[];

type Fn = (...inputs: tf.Tensor[]) => Tensors | tf.Tensor;

const listed =
  (fn: Fn) =>
  (...args: tf.Tensor[]): Tensors => {
    const out = fn(...args);
    return out instanceof tf.Tensor ? [out] : out;
  };

/**
 * Runs `fn` compiled, twice, against cpu, and returns the worst difference; throws when anything leaks.
 *
 * @param reference - what cpu runs instead, where it is wrong about `fn` itself.
 */
export const compare = (engine: Engine, fn: Fn, inputs: Tensors, reference: Fn = fn): number =>
  noteKernels(reference !== fn, () => worstDifference(engine, fn, inputs, reference));

function worstDifference(engine: Engine, fn: Fn, inputs: Tensors, reference: Fn): number {
  const list = listed(fn);
  const expected = tf.tidy(() => listed(reference)(...inputs) as tf.Tensor[]);
  const before = tf.memory().numTensors;
  const compiled = jit(list, { engine });
  let worst = 0;
  for (let run = 0; run < 2; run++) {
    const actual = compiled(...inputs);
    expected.forEach((tensor, i) => {
      worst = Math.max(worst, difference(actual[i] as tf.Tensor, tensor));
    });
    tf.dispose([...actual]);
  }
  compiled.dispose();
  if (tf.memory().numTensors !== before) throw new Error(`expected ${before} tensors, got ${tf.memory().numTensors}`);
  tf.dispose(expected);
  return worst;
}
