import '@tensorflow/tfjs';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { XlaBackend } from './backend/backend.js';
import { CPU_PLUGIN, IF_INSTALLED } from './installed.test-support.js';
import { checkVersion, Plugin, requestedIn, XlaOutOfMemoryError } from './native/plugin.js';
import { startXla, type XlaEngine } from './start.js';

const backend = (): XlaBackend => tf.engine().findBackend('xla') as XlaBackend;
const addressOf = (tensor: tf.Tensor): bigint => backend().client.addressOf(backend().bufferOf(tensor));

describe(`XLA, ${IF_INSTALLED}`, () => {
  describe.skipIf(CPU_PLUGIN === undefined)('on the CPU', () => {
    let engine: XlaEngine;
    beforeAll(async () => {
      engine = await startXla({ plugin: 'cpu' });
      await tf.setBackend('xla');
    });

    it('says what it runs on, and starts once', async () => {
      expect(engine).toMatchObject({ name: 'xla', backend: 'xla', platform: 'cpu', plugin: { kind: 'cpu' } });
      expect(await startXla({ plugin: 'cpu' })).toBe(engine);
      expect(engine.memory()).toBeUndefined();
      await expect(startXla({ plugin: 'cpu', precision: 'tf32' })).rejects.toThrow(/options of the first start/);
    });

    it('updates donated state where it lies, call after call, and keeps nothing', () => {
      const { client } = backend();
      const step = jit((state: tf.Tensor, by: tf.Tensor) => tf.add(tf.mul(state, 0.5), by), { engine, donate: [0] });
      const by = tf.ones([1 << 12]);
      let state: tf.Tensor = step(tf.zeros([1 << 12]), by);
      const [address, buffers] = [addressOf(state), client.buffers];
      for (let i = 0; i < 200; i++) {
        const next = step(state, by);
        expect(state.isDisposed).toBe(true);
        state = next;
      }
      expect(addressOf(state)).toBe(address);
      expect(client.buffers).toBe(buffers);
      expect(state.dataSync()[7]).toBeCloseTo(2, 5);
      tf.dispose([state, by]);
      step.dispose();
    });

    it('leaves donated tensors as they were for those who still see them', () => {
      const step = jit((state: tf.Tensor) => tf.add(state, 1), { engine, donate: [0] });
      const state = tf.mul(tf.ones([64]), 3);
      const clone = tf.clone(state);
      const next = step(state);
      expect([clone.dataSync()[0], next.dataSync()[0]]).toEqual([3, 4]);
      tf.dispose([clone, next]);
      step.dispose();
    });

    it('returns before the device is done, and data() lets the event loop go on', async () => {
      const power = jit((x: tf.Tensor2D) => Array.from({ length: 12 }).reduce<tf.Tensor2D>((y) => tf.matMul(y, x), x), {
        engine,
      });
      const x = tf.fill([600, 600], 1 / 600) as tf.Tensor2D;
      tf.dispose(power(x));
      const y = power(x);
      expect(engine.isReady(y)).toBe(false);
      let turns = 0;
      const count = setInterval(() => turns++, 0);
      let over = false;
      const values = y.data().then((data) => {
        over = true;
        return data;
      });
      expect(over).toBe(false);
      expect((await values)[5]).toBeCloseTo(1 / 600, 6);
      clearInterval(count);
      expect(engine.isReady(y)).toBe(true);
      expect(turns).toBeGreaterThan(0);
      tf.dispose([x, y]);
      power.dispose();
    });

    it('lets two steps be under way when a third was asked for, and no more', () => {
      const step = jit(
        (state: tf.Tensor2D, x: tf.Tensor2D) => {
          const y = Array.from({ length: 12 }).reduce<tf.Tensor2D>((z) => tf.matMul(z, x), state);
          return { state: y, seen: tf.sum(y) };
        },
        { engine, donate: [0] },
      );
      const x = tf.fill([400, 400], 1 / 400) as tf.Tensor2D;
      let state = tf.fill([400, 400], 1 / 400) as tf.Tensor2D;
      const seen: tf.Tensor[] = [];
      for (let i = 0; i < 5; i++) {
        const made = step(state, x);
        state = made.state;
        seen.push(made.seen);
      }
      expect(seen.slice(0, 3).map((each) => engine.isReady(each))).toEqual([true, true, true]);
      tf.dispose([x, state, ...seen]);
      step.dispose();
    });

    it('an index outside is an error that leaves donated state whole', () => {
      const pick = jit(
        (state: tf.Tensor2D, at: tf.Tensor1D) => ({
          state: tf.add(state, 1) as tf.Tensor2D,
          picked: tf.gather(state, at),
        }),
        { engine, donate: [0] },
      );
      const state = tf.tensor2d([[1], [2]]);
      const wrong = tf.tensor1d([0, 2], 'int32');
      expect(() => pick(state, wrong)).toThrow(/GatherV2: the index value 2 is not in \[0, 1\]/);
      expect([...state.dataSync()]).toEqual([1, 2]);
      const { client } = backend();
      const right = tf.tensor1d([1, 1], 'int32');
      const made = pick(state, right);
      expect([...made.picked.dataSync()]).toEqual([2, 2]);
      const { buffers } = client;
      expect(() => pick(made.state, wrong)).toThrow(/is not in/);
      expect(client.buffers).toBe(buffers);
      tf.dispose([made, wrong, right] as never);
      pick.dispose();
    });

    it('a step that ends for want of memory takes its donated state along, says so at every result, and spoils nothing else', async () => {
      const { client } = backend();
      const fine = jit((state: tf.Tensor, by: tf.Tensor) => ({ state: tf.add(state, by), loss: tf.sum(state) }), {
        engine,
        donate: [0],
      });
      // 2^48 numbers to be sorted: no machine has room for them, which shows when the step is under way.
      const hungry = jit(
        (state: tf.Tensor, x: tf.Tensor) => {
          const all = tf.add(tf.reshape(x, [1, -1]), tf.reshape(x, [-1, 1]));
          const loss = tf.sum(tf.topk(all, x.size).values);
          return { state: tf.add(state, loss), loss };
        },
        { engine, donate: [0] },
      );
      const [by, x] = [tf.ones([8]), tf.zeros([2 ** 24])];
      const { state, loss: before } = fine(tf.ones([8]), by);
      const kept = tf.clone(fine(tf.ones([8]), by).state);
      backend().bufferOf(x);
      const { buffers } = client;
      const lost = hungry(state, x);
      expect(state.isDisposed).toBe(true);
      const expected = {
        name: 'XlaError',
        reason: 'OUT_OF_MEMORY',
        code: 8,
        call: 'Event_Await',
        requested: 2 ** 50,
        message: expect.stringMatching(/Out of memory .* take fewer images at once\.$/),
      };
      await expect(lost.loss.data()).rejects.toMatchObject(expected);
      await expect(lost.state.data()).rejects.toMatchObject(expected);
      expect(() => lost.state.dataSync()).toThrow(XlaOutOfMemoryError);

      // Steps on what is lost: the third waits for the first of them, and hears of it.
      let next = fine(lost.state, by);
      await expect(next.loss.data()).rejects.toMatchObject(expected);
      expect(() => {
        for (let i = 0; i < 3; i++) {
          next.loss.dispose();
          next = fine(next.state, by);
        }
      }).toThrow(XlaOutOfMemoryError);

      // What was not donated, and what others see, is whole; so is the engine.
      expect([before.dataSync()[0], kept.dataSync()[0], by.dataSync()[0]]).toEqual([8, 2, 1]);
      const again = fine(tf.fill([8], 3), by);
      expect([...again.state.dataSync()]).toEqual(Array(8).fill(4));
      tf.dispose([lost.loss, next.state, again.state, again.loss]);
      // But for the state that was lost.
      expect(client.buffers).toBe(buffers - 1);
      tf.dispose([by, x, before, kept]);
      fine.dispose();
      hungry.dispose();
    });

    it('computes products in 16 bit where it is told to', () => {
      const product = (precision: 'float32' | 'bfloat16') =>
        jit((a: tf.Tensor3D) => tf.matMul(a, a), { engine, precision });
      const a = tf.fill([1, 8, 8], 1 + 2 ** -12) as tf.Tensor3D;
      const [exact, rounded] = [product('float32'), product('bfloat16')].map((fn) => fn(a).dataSync()[0] as number);
      expect(exact).toBeCloseTo(8 * (1 + 2 ** -12) ** 2, 6);
      expect(rounded).toBe(8);
    });

    it('gives NaN for the largest and the smallest of numbers with NaN among them', () => {
      const x = tf.tensor1d([3, Number.NaN, 2]);
      expect([tf.max(x), tf.min(x), tf.maximum(x, 0), tf.relu(x)].map((y) => y.dataSync().some(Number.isNaN))).toEqual([
        true,
        true,
        true,
        true,
      ]);
    });

    it('runs what no compiler does on cpu', () => {
      expect([...tf.unique(tf.tensor1d([1, 1, 2])).values.dataSync()]).toEqual([1, 2]);
      expect([...tf.real(tf.complex([1], [2])).dataSync()]).toEqual([1]);
      expect([...tf.imag(tf.concat([tf.complex([1], [2]), tf.complex([3], [4])])).dataSync()]).toEqual([2, 4]);
    });
  });
});

it.each([
  ['an older C API', { major: 0, minor: 99 }],
  ['another major version', { major: 1, minor: 0 }],
])('refuses %s', (_, version) => {
  expect(() => checkVersion('/x/plugin.so', version)).toThrow(/expected a plugin of PJRT C API 0\.100 or newer, got/);
  expect(() => checkVersion('/x/plugin.so', { major: 0, minor: 106 })).not.toThrow();
});

it.each([
  [{ precision: 'fp8' as 'tf32' }, /precision to be float32 or tf32, got fp8/],
  [{ memory: 2 }, /memory to be a share/],
  [{ devices: [0, 0] }, /devices to be a number of them, or different ones counted from 0, got \[0,0\]/],
  [{ devices: 0 }, /devices to be a number of them, .* got 0/],
  [
    { plugin: '/nowhere/pjrt_plugin.so' },
    /expected a PJRT plugin at \/nowhere\/pjrt_plugin\.so \(option\), got no such file/,
  ],
  [{ plugin: 'tpu' }, /expected a PJRT plugin for tpu, got none\. Run: npx tfjs-xla install --tpu/],
])('options %o are refused by name', async (options, message) => {
  await expect(startXla(options)).rejects.toThrow(message);
});

it('a file that is no plugin is refused', () => {
  expect(() => Plugin.open(process.execPath)).toThrow(/to be a PJRT plugin for this machine, got: /);
});

it.each([
  ['RESOURCE_EXHAUSTED: Out of memory while trying to allocate 17179869184 bytes.', 2 ** 34],
  ['Out of memory while trying to allocate 1.50GiB.', 1.5 * 2 ** 30],
  ['something else', undefined],
])('of “%s” %o bytes are read', (said, bytes) => {
  expect(requestedIn(said)).toBe(bytes);
  const error = new XlaOutOfMemoryError('LoadedExecutable_Execute', said);
  expect(error).toMatchObject({ code: 8, reason: 'OUT_OF_MEMORY', requested: bytes });
  expect(error.message).toMatch(/got error 8: .* The device has no more memory: take fewer images at once\.$/);
});
