import '@tensorflow/tfjs';
import { createHalfLifeEma, halfLifeEmaShare } from '@edm2/phema';
import { createHalfLifeEma as createTensorEma } from '@edm2/phema/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const [halfLife, dt, steps] = [1000, 64, 50];
type Weights = { layers: { w: Float64Array }[] };
const weights = (value: number): Weights => ({ layers: [{ w: Float64Array.of(value) }] });
const first = (tree: Weights): number => tree.layers[0]?.w[0] ?? Number.NaN;

/** Trains `θ(i)` for steps 1 … n. */
const run = (
  ema: ReturnType<typeof createHalfLifeEma<Weights>>,
  theta: (i: number) => number,
  [from, to] = [1, steps],
) => {
  for (let i = from; i <= to; i++) ema.update(weights(theta(i)), { t: i * dt, dt });
  return first(ema.values());
};

describe('createHalfLifeEma against closed forms', () => {
  test('of parameters that jump from 0 to 1 the average is 1 − 2^(−t/halfLife)', () => {
    const ema = createHalfLifeEma({ halfLife, initial: weights(0) });
    expect(run(ema, () => 1)).toBeCloseTo(1 - 2 ** ((-steps * dt) / halfLife), 12);
  });

  test('of parameters that grow by 1 a step it is n − β(1 − βⁿ)/(1 − β)', () => {
    const beta = 2 ** (-dt / halfLife);
    const ema = createHalfLifeEma({ halfLife, initial: weights(0) });
    expect(run(ema, (i) => i)).toBeCloseTo(steps - (beta * (1 - beta ** steps)) / (1 - beta), 10);
  });

  test('while it ramps up, the initial weights fade as 2^(−(1 + 1/2 + … + 1/n)/rampup)', () => {
    const ema = createHalfLifeEma({ halfLife: 1e9, rampup: 0.5, initial: weights(1) });
    let harmonic = 0;
    for (let i = 1; i <= steps; i++) harmonic += 1 / i;
    expect(run(ema, () => 0)).toBeCloseTo(2 ** (-harmonic / 0.5), 12);
  });

  test('without initial weights it begins as the first parameters', () => {
    const ema = createHalfLifeEma<Weights>({ halfLife });
    expect(run(ema, (i) => (i === 1 ? 5 : 1))).toBeCloseTo(1 + 4 * 2 ** ((-(steps - 1) * dt) / halfLife), 12);
  });
});

describe('createHalfLifeEma', () => {
  test('takes in every k-th update with the time of all, also after a restore in between', () => {
    const told = createHalfLifeEma({ halfLife, initial: weights(0) });
    for (let i = 7; i <= steps; i += 7) told.update(weights(Math.sin(i)), { t: i * dt, dt: 7 * dt });
    const own = createHalfLifeEma({ halfLife, initial: weights(0), updateEvery: 7 });
    run(own, Math.sin, [1, 17]);
    const resumed = createHalfLifeEma<Weights>({ halfLife, updateEvery: 7 });
    resumed.restore(structuredClone(own.state()));
    for (const tracker of [own, resumed]) expect(run(tracker, Math.sin, [18, steps])).toBe(first(told.values()));
  });

  test('copies what it is given and hands out, in the arrays of the tree', () => {
    const initial = { w: Float32Array.of(1) };
    const ema = createHalfLifeEma({ halfLife, initial });
    initial.w[0] = 9;
    const values = ema.values();
    expect(values).toEqual({ w: Float32Array.of(1) });
    values.w[0] = 9;
    expect(ema.values().w[0]).toBe(1);
    expect(ema.state().average?.w).toBeInstanceOf(Float64Array);
  });

  test('keeps the array kinds of `initial`, before and after updates and in a tracker restored from its state', () => {
    const initial = { wide: Float64Array.of(0.1), narrow: Float32Array.of(0.1) };
    const ema = createHalfLifeEma({ halfLife, initial });
    expect(ema.values()).toEqual(initial);
    const resumed = createHalfLifeEma<typeof initial>({ halfLife });
    resumed.restore(structuredClone(ema.state()));
    for (const tracker of [ema, resumed]) {
      expect(tracker.values()).toEqual(initial);
      tracker.update(initial, { t: dt, dt });
      expect(tracker.values()).toEqual(initial);
    }
  });

  test('a state without kinds gives back those of its average', () => {
    const ema = createHalfLifeEma<Weights>({ halfLife });
    ema.restore({ average: weights(0.1) });
    expect(ema.values()).toEqual(weights(0.1));
  });

  test('says what is wrong', () => {
    expect(() => createHalfLifeEma({ halfLife: 0 })).toThrow('createHalfLifeEma: expected halfLife > 0, got 0.');
    expect(() => createHalfLifeEma({ halfLife, rampup: -1 })).toThrow('expected rampup > 0, got -1.');
    expect(() => createHalfLifeEma({ halfLife, updateEvery: 0 })).toThrow('createHalfLifeEma: expected updateEvery');
    const ema = createHalfLifeEma<Weights>({ halfLife });
    expect(() => ema.values()).toThrow('createHalfLifeEma.values: expected an update before');
    expect(() => ema.update(weights(1), { t: 1, dt: 2 })).toThrow('expected 0 < dt ≤ t');
    ema.update(weights(1), { t: 1, dt: 1 });
    expect(() => ema.update({ layers: [] }, { t: 2, dt: 1 })).toThrow(
      'createHalfLifeEma.update: expected the tree that the average began with',
    );
    expect(() => ema.update({ layers: [{ w: new Float64Array(2) }] }, { t: 2, dt: 1 })).toThrow(
      'createHalfLifeEma.update: expected 1 values at layers[0].w, got 2.',
    );
  });
});

test('on tensors: the same to float32, restored, and no tensor but its own', () => {
  const before = tf.memory().numTensors;
  const options = { halfLife, rampup: 0.3 };
  const plain = createHalfLifeEma({ ...options, initial: { w: Float64Array.of(2, 0) } });
  const initial = { w: tf.tensor1d([2, 0]) };
  const ema = createTensorEma({ ...options, initial });
  tf.dispose(initial);
  const resumed = createTensorEma<typeof initial>(options);
  for (let i = 1; i <= steps; i++) {
    const w = [Math.sin(i), i];
    plain.update({ w: Float64Array.from(w) }, { t: i * dt, dt });
    tf.tidy(() => {
      ema.update({ w: tf.tensor1d(w) }, { t: i * dt, dt });
      if (i > 20) resumed.update({ w: tf.tensor1d(w) }, { t: i * dt, dt });
    });
    if (i !== 20) continue;
    const state = ema.state();
    resumed.restore(state);
    tf.dispose(state.average ?? []);
  }
  const [values, again] = [ema.values(), resumed.values()];
  for (const [i, x] of values.w.dataSync().entries()) expect(x / (plain.values().w[i] ?? Number.NaN)).toBeCloseTo(1, 5);
  expect(again.w.dataSync()).toEqual(values.w.dataSync());
  const refused = tf.tensor1d([1, 1]);
  expect(() => ema.update({ w: refused }, { t: steps * dt, dt: -1 })).toThrow('expected 0 < dt ≤ t');
  tf.dispose(refused);
  tf.dispose([values, again]);
  ema.dispose();
  resumed.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('anything with lerp takes the share: one line of its own', () => {
  let lerped = 0;
  const ema = createHalfLifeEma({ halfLife, initial: weights(0) });
  const expected = run(ema, Math.cos);
  for (let i = 1; i <= steps; i++) lerped += halfLifeEmaShare({ halfLife }, i * dt, dt) * (Math.cos(i) - lerped);
  expect(lerped).toBeCloseTo(expected, 14);
});
