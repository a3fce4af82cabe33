import '@tensorflow/tfjs';
import { difference } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';

type Tensors = readonly tf.Tensor[];

/** Runs `fn` on cpu and compiled, twice, and returns the worst difference; throws when anything leaks. */
export function compare(engine: Engine, fn: (...inputs: tf.Tensor[]) => Tensors | tf.Tensor, inputs: Tensors): number {
  const list = (...args: tf.Tensor[]): Tensors => {
    const out = fn(...args);
    return out instanceof tf.Tensor ? [out] : out;
  };
  const expected = tf.tidy(() => list(...inputs) as tf.Tensor[]);
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
