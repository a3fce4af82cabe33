import '@tensorflow/tfjs';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { XlaBackend } from './backend/backend.js';
import { CPU_PLUGIN, IF_INSTALLED } from './installed.test-support.js';
import { startXla, type XlaEngine } from './start.js';

type Params = { readonly filter: tf.Tensor; readonly dense: tf.Tensor };
type Batch = { readonly images: tf.Tensor; readonly targets: tf.Tensor };

/** A step of gradient descent: a convolution, a mean over pixels, a product, written for the whole batch. */
function step(state: Params, { images, targets }: Batch): { state: Params; loss: tf.Tensor; each: tf.Tensor } {
  const errors = (filter: tf.Tensor, dense: tf.Tensor): tf.Tensor => {
    const y = tf.relu(tf.conv2d(images as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'));
    const made = tf.matMul(tf.mean(y, [1, 2]) as tf.Tensor2D, dense as tf.Tensor2D);
    return tf.mean(tf.square(tf.sub(made, targets)), 1);
  };
  const loss = (...weights: tf.Tensor[]): tf.Scalar =>
    tf.mean(errors(...(weights as [tf.Tensor, tf.Tensor]))) as tf.Scalar;
  const { value, grads } = tf.valueAndGrads(loss)([state.filter, state.dense]);
  const [filter, dense] = [state.filter, state.dense].map((w, i) => tf.sub(w, tf.mul(grads[i] as tf.Tensor, 0.05)));
  return { state: { filter, dense } as Params, loss: value, each: errors(state.filter, state.dense) };
}

describe(`several devices, ${IF_INSTALLED}`, () => {
  describe.skipIf(CPU_PLUGIN === undefined)('of the CPU', () => {
    let engine: XlaEngine;
    beforeAll(async () => {
      engine = await startXla({ plugin: 'cpu', devices: 4 });
      await tf.setBackend('xla');
    });
    const backend = (): XlaBackend => tf.engine().findBackend('xla') as XlaBackend;
    const start = (): Params => ({
      filter: tf.randomNormal([3, 3, 3, 8], 0, 0.3, 'float32', 1),
      dense: tf.randomNormal([8, 4], 0, 0.3, 'float32', 2),
    });
    const batch = (n: number): Batch => ({
      images: tf.randomNormal([n, 8, 8, 3], 0, 1, 'float32', 3),
      targets: tf.randomNormal([n, 4], 0, 1, 'float32', 4),
    });
    const overBatch = (): ReturnType<XlaEngine['sharded']> =>
      engine.sharded({
        arguments: (name) => (name.startsWith('1.') ? 0 : undefined),
        results: (name) => (name === 'each' ? 0 : undefined),
      });

    it('train as one does, the batch split, the weights whole and updated in place', () => {
      expect(engine.devices).toBe(4);
      const given = batch(16);
      const train = (on: ReturnType<XlaEngine['sharded']>) => {
        const compiled = jit(step, { engine: on, donate: [0] });
        let state = start();
        const losses: number[] = [];
        let each = new Float32Array();
        for (let i = 0; i < 20; i++) {
          const made = compiled(state, given);
          state = made.state;
          losses.push(made.loss.dataSync()[0] as number);
          each = made.each.dataSync() as Float32Array<ArrayBuffer>;
          tf.dispose([made.loss, made.each]);
        }
        return { losses, each, state, dispose: () => compiled.dispose() };
      };
      const [one, four] = [train(engine), train(overBatch())];
      const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
        Math.max(...Array.from(a, (x, i) => Math.abs(x - (b[i] ?? Number.NaN))));
      expect(one.losses.at(-1)).toBeLessThan(0.9 * (one.losses[0] ?? 0));
      // Sums over the batch in another order: measured 2.4e-7, of weights 6e-8.
      expect(far(four.losses, one.losses)).toBeLessThan(1e-6);
      expect(far(four.each, one.each)).toBeLessThan(1e-6);
      for (const name of ['filter', 'dense'] as const) {
        const info = four.state[name];
        expect(far(info.dataSync(), one.state[name].dataSync()), name).toBeLessThan(1e-6);
        // Whole on every device, and the same on each to the bit.
        const { client } = backend();
        const parts = backend()
          .spreadOf(info, undefined)
          .map((buffer) => {
            const values = new Float32Array(info.size);
            client.plugin.await(client.get(buffer, values, info.shape));
            return values;
          });
        expect(parts).toHaveLength(4);
        for (const part of parts) expect(part).toEqual(parts[0]);
      }
      one.dispose();
      four.dispose();
    });

    it('keep nothing, and leave donated state where it lies', () => {
      const { client } = backend();
      const given = batch(8);
      const compiled = jit(step, { engine: overBatch(), donate: [0] });
      let { state, loss, each } = compiled(start(), given);
      tf.dispose([loss, each]);
      const addresses = (): bigint[] =>
        backend()
          .spreadOf(state.filter, undefined)
          .map((buffer) => client.addressOf(buffer));
      const [before, buffers] = [addresses(), client.buffers];
      for (let i = 0; i < 5; i++) {
        ({ state, loss, each } = compiled(state, given));
        tf.dispose([loss, each]);
      }
      expect(addresses()).toEqual(before);
      expect(client.buffers).toBe(buffers);
      compiled.dispose();
    });

    it('give results that other functions and ops take, split or whole', async () => {
      const compiled = jit(step, { engine: overBatch() });
      const { each, state } = compiled(start(), batch(8));
      const values = await each.data();
      expect([...tf.mul(each, 2).dataSync()]).toEqual([...values].map((x) => Math.fround(2 * x)));
      expect([...tf.mul(state.dense, 2).dataSync()]).toEqual([...state.dense.dataSync()].map((x) => 2 * x));
      compiled.dispose();
    });

    it('refuse a batch that does not divide', () => {
      const compiled = jit(step, { engine: overBatch() });
      expect(() => compiled(start(), batch(6))).toThrow(
        /expected an axis of '1\.images' \[6,8,8,3\] that divides by 4 devices, got axis 0\. Choose a batch/,
      );
    });
  });
});
