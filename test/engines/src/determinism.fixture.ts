import '@tensorflow/tfjs'; // registers the gradients
import { createHash } from 'node:crypto';
import { draw } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import { startLibtensorflow } from '@edm2/tfjs-libtensorflow';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import { startXla } from '@edm2/tfjs-xla';
import * as tf from '@tensorflow/tfjs-core';

const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  onnxruntime: () => startOnnxRuntime({ threads: 2 }),
  libtensorflow: () => startLibtensorflow({ device: 'cpu', threads: 2 }),
  xla: () => startXla({ plugin: 'cpu' }),
};

type State = { readonly filter: tf.Tensor; readonly dense: tf.Tensor; readonly moment: tf.Tensor };

/** Convolutions, products and reductions, forward and backward, large enough to be shared among threads; state that is updated. */
const step = (state: State, x: tf.Tensor): { state: State; loss: tf.Tensor } =>
  tf.tidy(() => {
    const loss = (filter: tf.Tensor, dense: tf.Tensor): tf.Scalar => {
      const y = tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'));
      const flat = tf.reshape(y, [-1, 32]);
      return tf.mean(tf.square(tf.softmax(tf.matMul(flat, dense)))) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss as (...xs: tf.Tensor[]) => tf.Scalar)([state.filter, state.dense]);
    const [first, second] = grads as [tf.Tensor, tf.Tensor];
    const moment = tf.add(tf.mul(state.moment, 0.9), first);
    return {
      state: { filter: tf.sub(state.filter, moment), dense: tf.sub(state.dense, second), moment },
      loss: value,
    };
  });

/** A few steps; gives a digest of every bit of the state and the losses. */
async function digestOn(name: string): Promise<string> {
  const engine = await ENGINES[name]?.();
  if (engine === undefined) throw new Error(`determinism: expected ${Object.keys(ENGINES).join(' or ')}, got ${name}.`);
  await tf.setBackend(engine.backend);
  const run = jit(step, { engine, donate: [0] });
  const x = draw(1, [16, 24, 24, 16]);
  let state: State = {
    filter: draw(2, [3, 3, 16, 32]),
    dense: draw(3, [32, 64]),
    moment: tf.zeros([3, 3, 16, 32]),
  };
  const hash = createHash('sha256');
  const note = (tensor: tf.Tensor): void => {
    const values = tensor.dataSync();
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  };
  for (let i = 0; i < 4; i++) {
    const next = run(state, x);
    state = next.state;
    note(next.loss);
  }
  for (const tensor of Object.values(state)) note(tensor);
  return hash.digest('hex');
}

/** What this process computed, on the engine that its environment names. */
export const digest = await digestOn(process.env['DETERMINISM_ENGINE'] ?? '');
