import '@tensorflow/tfjs';
import { difference, draw } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import { toOnnx } from '@edm2/tfjs-onnx';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { bindingLoader } from './session.js';
import { workerLoader } from './session-worker.js';
import { startWith } from './start.js';

let engine: Engine;
beforeAll(async () => {
  await tf.setBackend('cpu');
  engine = await startOnnxRuntime({ threads: 2 });
});
beforeEach(async () => {
  await tf.setBackend('onnxruntime');
});

type State = { w: tf.Tensor4D; m: tf.Tensor4D };

/** A step with a filter and its moment as state: everything that a training step does, in small. */
function step(state: State, x: tf.Tensor4D): { state: State; loss: tf.Scalar } {
  return tf.tidy(() => {
    const { value, grads } = tf.valueAndGrads(
      (w: tf.Tensor) => tf.mean(tf.square(tf.sigmoid(tf.conv2d(x, w as tf.Tensor4D, 1, 'same')))) as tf.Scalar,
    )([state.w]);
    const m = tf.add(tf.mul(state.m, 0.9), grads[0] as tf.Tensor4D) as tf.Tensor4D;
    return { state: { w: tf.sub(state.w, tf.mul(m, 0.5)) as tf.Tensor4D, m }, loss: value };
  });
}

const start = (channels = 3): State => ({
  w: draw(1, [3, 3, channels, 8]) as tf.Tensor4D,
  m: tf.zeros([3, 3, channels, 8]),
});

describe('startOnnxRuntime', () => {
  it('registers a backend that runs ops too, and does not make it the current one', async () => {
    await tf.setBackend('cpu');
    await startOnnxRuntime();
    expect(tf.getBackend()).toBe('cpu');
    await tf.setBackend('onnxruntime');
    const y = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2]));
    expect([...y.dataSync()]).toEqual([3, 3, 3, 3]);
    y.dispose();
  });

  it('refuses a thread count that is none', async () => {
    await expect(startOnnxRuntime({ threads: 0 })).rejects.toThrow(/expected threads to be a positive integer, got 0/);
  });

  it('says so where Node.js is too old', async () => {
    vi.stubGlobal('process', { ...process, versions: { node: '18.0.0' } });
    try {
      await expect(startOnnxRuntime()).rejects.toThrow(/expected Node\.js 20 or newer, got 18\.0\.0/);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('a compiled step with donated state', () => {
  it.each(['current backend', 'given engine, tensors on cpu'])(
    'matches op-by-op over several steps: %s',
    async (how) => {
      if (how !== 'current backend') await tf.setBackend('cpu');
      const x = draw(2, [2, 6, 6, 3]) as tf.Tensor4D;
      const compiled = jit(step, how === 'current backend' ? { donate: [0] } : { donate: [0], engine });
      const before = tf.memory().numTensors;
      let state = start();
      let expected = start();
      for (let i = 0; i < 4; i++) {
        const next = step(expected, x);
        tf.dispose(expected as never);
        expected = next.state;
        const actual = compiled(state, x);
        expect(state.w.isDisposed && state.m.isDisposed).toBe(true);
        state = actual.state;
        expect(difference(actual.loss, next.loss)).toBeLessThan(1e-5);
        tf.dispose([actual.loss, next.loss]);
      }
      expect(difference(state.w, expected.w)).toBeLessThan(1e-5);
      expect(difference(state.m, expected.m)).toBeLessThan(1e-5);
      expect(compiled.cacheSize).toBe(1);
      tf.dispose([state, expected] as never);
      expect(tf.memory().numTensors).toBe(before);
      compiled.dispose();
      tf.dispose(x);
    },
  );

  it('never writes into an array that was read, nor into the caller’s', () => {
    const compiled = jit(step, { donate: [0] });
    const x = draw(2, [2, 6, 6, 64]) as tf.Tensor4D;
    const mine = Float32Array.from(draw(1, [3, 3, 64, 8]).dataSync());
    const copy = Float32Array.from(mine);
    let { state } = compiled({ w: tf.tensor4d(mine, [3, 3, 64, 8]), m: tf.zeros([3, 3, 64, 8]) }, x);
    const seen = state.w.dataSync();
    const then = Float32Array.from(seen);
    for (let i = 0; i < 4; i++) ({ state } = compiled(state, x));
    expect(mine).toEqual(copy);
    expect(seen).toEqual(then);
    compiled.dispose();
  });

  it('is right when state is read, cloned or changed between steps', () => {
    const x = draw(2, [2, 6, 6, 3]) as tf.Tensor4D;
    const compiled = jit(step, { donate: [0] });
    let { state } = compiled(start(), x);
    const clone = state.w.clone();
    const values = Float32Array.from(clone.dataSync());
    state = { w: tf.mul(state.w, 2) as tf.Tensor4D, m: tf.reshape(state.m, [3, 3, 3, 8]) as tf.Tensor4D };
    const expected = step(state, x);
    const actual = compiled(state, x);
    expect(difference(actual.state.w, expected.state.w)).toBeLessThan(1e-5);
    expect(difference(actual.state.m, expected.state.m)).toBeLessThan(1e-5);
    expect(clone.dataSync()).toEqual(values);
    compiled.dispose();
  });

  it('keeps its memory flat', () => {
    const compiled = jit(step, { donate: [0] });
    const x = draw(2, [2, 16, 16, 64]) as tf.Tensor4D;
    let state = start(64);
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) {
        const next = compiled(state, x);
        next.loss.dispose();
        state = next.state;
      }
    };
    run(20);
    const tensors = tf.memory().numTensors;
    const resident = process.memoryUsage().rss;
    run(300);
    expect(tf.memory().numTensors).toBe(tensors);
    // 300 steps write 22 MB of state each way: without reuse this grows by hundreds of MB.
    expect(process.memoryUsage().rss - resident).toBeLessThan(200e6);
    compiled.dispose();
  });

  it('gives the same bits for the same thread count', () => {
    const x = draw(2, [2, 16, 16, 32]) as tf.Tensor4D;
    const runs = [0, 1].map(() => {
      const compiled = jit(step, { donate: [0] });
      let state = start(32);
      for (let i = 0; i < 5; i++) state = compiled(state, x).state;
      compiled.dispose();
      return Float32Array.from(state.w.dataSync());
    });
    expect(runs[0]).toEqual(runs[1]);
  });
});

type Params = Record<string, tf.Tensor>;
type Trained = { params: Params; moments: { first: Params; second: Params } };
const each = (params: Params, fn: (name: string, t: tf.Tensor) => tf.Tensor): Params =>
  Object.fromEntries(Object.entries(params).map(([name, tensor]) => [name, fn(name, tensor)]));
const of = (params: Params, name: string): tf.Tensor => params[name] as tf.Tensor;

/** Adam over many parameters of different shapes, whose state the engine holds in bundles. */
const adam = ({ params, moments }: Trained, x: tf.Tensor, rate: tf.Tensor): { state: Trained } =>
  tf.tidy(() => {
    const names = Object.keys(params);
    const loss = (...values: tf.Tensor[]): tf.Scalar =>
      tf.addN(values.map((w, i) => tf.sum(tf.square(tf.sub(tf.mul(w, i + 1), tf.sum(x)))))) as tf.Scalar;
    const list = tf.grads(loss)(names.map((name) => of(params, name)));
    const grads = Object.fromEntries(names.map((name, i) => [name, list[i] as tf.Tensor]));
    const first = each(grads, (name, g) => tf.add(tf.mul(of(moments.first, name), 0.9), g));
    const second = each(grads, (name, g) => tf.add(tf.mul(of(moments.second, name), 0.99), tf.square(g)));
    const next = each(params, (name, w) =>
      tf.sub(w, tf.mul(tf.div(of(first, name), tf.add(tf.sqrt(of(second, name)), 1e-8)), rate)),
    );
    return { state: { params: next, moments: { first, second } } };
  });

describe('state of many parameters', () => {
  const shapes = { 'a.weight': [3, 3, 2, 4], 'a.gain': [], 'b.weight': [5, 7], 'c.bias': [9], large: [300, 500] };
  const begin = (): Trained => {
    const draws = (seed: number): Params =>
      each(shapes as never, (name) => draw(seed, shapes[name as keyof typeof shapes]));
    return {
      params: draws(1),
      moments: { first: each(draws(1), (_, t) => tf.zerosLike(t)), second: each(draws(1), (_, t) => tf.zerosLike(t)) },
    };
  };
  const worst = (a: Trained, b: Trained): number =>
    Math.max(
      ...Object.keys(shapes).flatMap((name) => [
        difference(of(a.params, name), of(b.params, name)),
        difference(of(a.moments.first, name), of(b.moments.first, name)),
        difference(of(a.moments.second, name), of(b.moments.second, name)),
      ]),
    );

  it('matches op-by-op, also when parts are read, kept, replaced or let go between steps', () => {
    const x = tf.tensor1d([0.1, 0.2]);
    const rate = tf.scalar(0.01);
    const compiled = jit(adam, { donate: [0] });
    let state = begin();
    let expected = begin();
    const kept: [tf.Tensor, Float32Array][] = [];
    for (let i = 0; i < 6; i++) {
      expected = adam(expected, x, rate).state;
      ({ state } = compiled(state, x, rate));
      if (i === 1) of(state.params, 'a.gain').dataSync();
      if (i === 2)
        kept.push([tf.clone(of(state.params, 'large')), Float32Array.from(of(state.params, 'large').dataSync())]);
      if (i === 3) {
        const fresh = tf.mul(of(state.params, 'b.weight'), 1);
        of(state.params, 'b.weight').dispose();
        state.params['b.weight'] = fresh;
      }
    }
    expect(worst(state, expected)).toBeLessThan(1e-5);
    for (const [tensor, values] of kept) expect(tensor.dataSync()).toEqual(values);
    expect(compiled.cacheSize).toBe(1);
    compiled.dispose();
  });

  it('keeps memory flat', () => {
    const x = tf.tensor1d([0.1, 0.2]);
    const rate = tf.scalar(0.01);
    const compiled = jit(adam, { donate: [0] });
    let state = begin();
    for (let i = 0; i < 30; i++) ({ state } = compiled(state, x, rate));
    const tensors = tf.memory().numTensors;
    const resident = process.memoryUsage().rss;
    for (let i = 0; i < 1000; i++) ({ state } = compiled(state, x, rate));
    expect(tf.memory().numTensors).toBe(tensors);
    // 1,000 steps write 1.8 GB of state.
    expect(process.memoryUsage().rss - resident).toBeLessThan(200e6);
    compiled.dispose();
  });
});

describe('jit on an engine', () => {
  it('compiles once per signature: shapes, dtypes, static leaves', () => {
    const compiled = jit((x: tf.Tensor, { power }: { power: number | undefined }) => tf.pow(x, power ?? 3));
    const run = (x: tf.Tensor, power?: number): number => compiled(x, { power }).dataSync()[0] ?? 0;
    expect([run(tf.tensor1d([2]), 2), run(tf.tensor1d([3]), 2)]).toEqual([4, 9]);
    expect(compiled.cacheSize).toBe(1);
    expect([run(tf.tensor1d([2])), run(tf.tensor1d([2, 2]), 2), run(tf.scalar(2), 2)]).toEqual([8, 4, 4]);
    expect(compiled.cacheSize).toBe(4);
    expect(compiled.explain()).toMatch(/4 kernels|1 kernels/);
    expect(compiled.explain()).toContain('tf.pow');
    compiled.dispose();
    expect(compiled.cacheSize).toBe(0);
    expect(run(tf.tensor1d([2]), 2)).toBe(4);
    compiled.dispose();
  });

  it('returns inputs, constants, repeated and nested results as tensors of their own', () => {
    const w = tf.tensor1d([7, 8]);
    const compiled = jit((x: tf.Tensor) => {
      const y = tf.neg(x);
      return { x, w, again: [y, y], label: 'fixed', none: undefined };
    });
    const x = tf.tensor1d([1, 2]);
    const out = compiled(x);
    tf.dispose(x);
    expect([out.x, out.w, ...out.again].map((t) => [...t.dataSync()])).toEqual([
      [1, 2],
      [7, 8],
      [-1, -2],
      [-1, -2],
    ]);
    expect([out.label, out.none]).toEqual(['fixed', undefined]);
    expect(new Set([out.x, out.w, ...out.again].map((t) => t.dataId)).size).toBe(4);
    compiled.dispose();
  });

  it('takes int32 and bool tensors in and out', () => {
    const compiled = jit((i: tf.Tensor, b: tf.Tensor) => ({
      more: tf.add(i, tf.cast(b, 'int32')),
      not: tf.logicalNot(b),
    }));
    const { more, not } = compiled(tf.tensor1d([1, 2], 'int32'), tf.tensor1d([true, false], 'bool'));
    expect([more.dtype, [...more.dataSync()], not.dtype, [...not.dataSync()]]).toEqual([
      'int32',
      [2, 2],
      'bool',
      [0, 1],
    ]);
    compiled.dispose();
  });

  it('traces a compiled function inside another one along', () => {
    const inner = jit((x: tf.Tensor) => tf.square(x));
    const outer = jit((x: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.sum(inner(y)))(x));
    expect([...outer(tf.tensor1d([1, 2, 3])).dataSync()]).toEqual([2, 4, 6]);
    expect([inner.cacheSize, outer.cacheSize]).toEqual([0, 1]);
    outer.dispose();
  });

  it('leaves backend and memory as they were when tracing fails', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const before = tf.memory().numTensors;
    const compiled = jit((t: tf.Tensor) => (t.dataSync()[0] === 1 ? tf.neg(t) : t));
    expect(() => compiled(x)).toThrow(/does not depend on reading a tensor/);
    expect([tf.getBackend(), tf.memory().numTensors, compiled.cacheSize]).toEqual(['onnxruntime', before, 0]);
    x.dispose();
  });
});

describe('toOnnx', () => {
  it('writes a model that ONNX Runtime’s public interface runs', async () => {
    const w = draw(3, [3, 3, 2, 4]) as tf.Tensor4D;
    const fn = (x: tf.Tensor4D) => {
      const y = tf.mul(tf.conv2d(x, w, 2, 'same'), tf.sigmoid(tf.mean(x, [1, 2, 3], true)));
      const flat = tf.reshape(y, [2, -1]);
      return tf.softmax(tf.matMul(flat, flat, false, true));
    };
    const x = draw(4, [2, 6, 6, 2]) as tf.Tensor4D;
    const session = await InferenceSession.create(toOnnx(fn, [x], { inputNames: ['x'], outputNames: ['y'] }));
    const { y } = await session.run({ x: new OrtTensor('float32', Float32Array.from(x.dataSync()), x.shape) });
    const actual = tf.tensor(y?.data as Float32Array, [2, 2]);
    expect(difference(actual, fn(x))).toBeLessThan(1e-5);
    await session.release();
  });
});

describe('large constants', () => {
  // 64 MB, transposed at compile time, and a small one beside it.
  const size = 4096;
  const wide = () => tf.tidy(() => tf.add(tf.zeros([size, size]), tf.reshape(tf.linspace(-1, 1, size), [1, size])));

  it.each(['binding', 'worker'] as const)('lie beside the model and not in its bytes (%s)', async (kind) => {
    const loader = kind === 'worker' ? workerLoader() : bindingLoader(await import('onnxruntime-node/dist/binding.js'));
    if (loader === undefined) throw new Error('expected the native binding, got none');
    const loaded: { model: number; beside: number }[] = [];
    const engine = startWith(
      {
        kind,
        load(parts, options) {
          const beside = parts.externalData.reduce((sum, { data }) => sum + data.byteLength, 0);
          loaded.push({ model: parts.model.byteLength, beside });
          return loader.load(parts, options);
        },
      },
      { threads: 2, spinning: false, sessionOptions: {} },
    );
    const [w, bias] = [wide(), draw(5, [size])];
    const fn = (x: tf.Tensor) => tf.add(tf.matMul(x, tf.transpose(w)), bias);
    const x = draw(6, [2, size]);
    const compiled = jit(fn, { engine });
    const [actual, expected] = [compiled(x), fn(x)];
    expect(difference(actual, expected)).toBeLessThan(1e-5);
    expect(loaded).toEqual([{ model: expect.any(Number), beside: 4 * size * size }]);
    expect(loaded[0]?.model).toBeLessThan(20_000 + 4 * size);
    compiled.dispose();
    tf.dispose([w, bias, x, actual, expected]);
  });

  it('are ONNX Runtime’s own once the session is loaded', () => {
    const values = new Float32Array(1 << 16).fill(3);
    const w = tf.tensor1d(values);
    const compiled = jit((x: tf.Tensor) => tf.add(x, w), { engine });
    const x = tf.zeros([1 << 16]);
    const first = compiled(x);
    values.fill(-1);
    const second = compiled(x);
    expect([first.dataSync()[9], second.dataSync()[9]]).toEqual([3, 3]);
    compiled.dispose();
    tf.dispose([w, x, first, second]);
  });
});

describe('threads that wait', () => {
  const NAME = 'session.intra_op.allow_spinning';
  it.each([
    [{}, '0'],
    [{ spinning: false }, '0'],
    [{ spinning: true }, '1'],
    [{ spinning: true, sessionOptions: { extra: { [NAME]: '0' } } }, '0'],
  ])('%j', async (options, spins) => {
    const native = bindingLoader(await import('onnxruntime-node/dist/binding.js'));
    if (native === undefined) throw new Error('expected the native binding, got none');
    const seen: unknown[] = [];
    const engine = startWith(
      {
        kind: 'binding',
        load(parts, given) {
          seen.push((given.extra as Record<string, unknown>)[NAME]);
          return native.load(parts, given);
        },
      },
      { threads: 2, spinning: false, sessionOptions: {}, ...options },
    );
    const compiled = jit((x: tf.Tensor) => tf.add(x, 1), { engine });
    expect(compiled(tf.ones([2])).dataSync()).toEqual(Float32Array.of(2, 2));
    expect(seen).toEqual([spins]);
    compiled.dispose();
  });
});

describe('without the native binding', () => {
  it('is recognised by its shape', () => {
    expect(bindingLoader(undefined)).toBeUndefined();
    expect(bindingLoader({ binding: {}, initOrt: () => undefined })).toBeUndefined();
    expect(bindingLoader({ binding: { InferenceSession: class {} }, initOrt: () => undefined })).toBeUndefined();
  });

  it('runs the same through the public interface in a worker thread', () => {
    const x = draw(2, [2, 6, 6, 3]) as tf.Tensor4D;
    const worker = startWith(workerLoader(), { threads: 1, spinning: false, sessionOptions: {} });
    const compiled = jit(step, { donate: [0], engine: worker });
    const expected = step(start(), x);
    const actual = compiled(start(), x);
    expect(difference(actual.state.w, expected.state.w)).toBeLessThan(1e-5);
    expect(difference(actual.loss, expected.loss)).toBeLessThan(1e-5);
    expect(difference(compiled(actual.state, x).loss, step(expected.state, x).loss)).toBeLessThan(1e-5);
    compiled.dispose();
  });
});
