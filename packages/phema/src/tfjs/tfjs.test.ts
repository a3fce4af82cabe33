import '@tensorflow/tfjs';
import { halfLifeEmaShare, powerEmaShare, sigmaRelToGamma } from '@edm2/phema';
import { createPowerEma, emaStep, halfLifeEma, powerEma } from '@edm2/phema/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const value = (tensor: tf.Tensor | undefined) => tensor?.dataSync()[0] ?? Number.NaN;

describe('emaStep', () => {
  it.each([
    [1, 1],
    [2, 1],
    [10, 3],
    [2 ** 31, 1],
    [2 ** 31, 2048],
    [1e6, 999_999],
  ])('takes the profile’s share at t %s, dt %s, as numbers and as tensors', (t, dt) => {
    for (const sigmaRel of ['0.05', '0.1', '0.2']) {
      const expected = powerEmaShare(sigmaRelToGamma(Number(sigmaRel)), t, dt);
      const step = (a: tf.Tensor | number, b: tf.Tensor | number) =>
        value(emaStep({ [sigmaRel]: { w: tf.zeros([1]) } }, { w: tf.ones([1]) }, a, b)[sigmaRel]?.['w']);
      // 1e-6: a few float32 roundings; 1 − β formed in float32 would be wrong from the first digit on at t = 2³¹.
      for (const share of [step(t, dt), step(tf.scalar(t), tf.scalar(dt)), step(tf.scalar(t), dt)])
        expect(Math.abs(share / expected - 1)).toBeLessThan(1e-6);
    }
  });

  it('is pure: leaves its arguments, leaks nothing, ignores parameters that no track holds', () => {
    const params = { w: tf.ones([2, 3]), buffer: tf.ones([1]) };
    const tracks = { '0.05': { w: tf.zeros([2, 3]) }, '0.1': { w: tf.zeros([2, 3]) } };
    const before = tf.memory().numTensors;
    const next = emaStep(tracks, params, tf.scalar(4), tf.scalar(1));
    expect(tf.memory().numTensors - before).toBe(2 + 2);
    expect(Object.keys(next)).toEqual(['0.05', '0.1']);
    expect(value(tracks['0.05'].w)).toBe(0);
  });

  it('says what is wrong', () => {
    expect(() => emaStep({ '0.1': { w: tf.zeros([1]) } }, {}, 2, 1)).toThrow(/got no w/);
    expect(() => emaStep({ '0.1': { w: tf.zeros([1]) } }, { w: tf.zeros([2]) }, 2, 1)).toThrow(
      /shape \[1\], got \[2\]/,
    );
    expect(() => emaStep({ '0.3': { w: tf.zeros([1]) } }, { w: tf.zeros([1]) }, 2, 1)).toThrow(RangeError);
  });
});

describe('averages of a training', () => {
  it.each([
    [powerEma(0.1), '0.1', powerEmaShare(sigmaRelToGamma(0.1), 60, 4)],
    [halfLifeEma({ halfLife: 40 }), 'halflife', halfLifeEmaShare({ halfLife: 40 }, 60, 4)],
    [halfLifeEma({ halfLife: 40, rampup: 0.05, name: 'early' }), 'early', halfLifeEmaShare({ halfLife: 3 }, 60, 4)],
  ])('begin as copies with memory of their own, and move by their share: %#', (average, name, share) => {
    expect(average.name).toBe(name);
    const params = { w: tf.tensor1d([3, 5]) };
    const before = tf.memory().numTensors;
    const first = average.init(params);
    expect(first['w']?.dataId).not.toBe(params.w.dataId);
    const moved = { w: tf.tensor1d([4, 8]), buffer: tf.zeros([1]) };
    for (const time of [
      { t: 60, dt: 4 },
      { t: tf.scalar(60), dt: tf.scalar(4) },
    ]) {
      const next = average.step(first, moved, time);
      expect(Object.keys(next)).toEqual(['w']);
      expect(Math.abs((value(next['w']) - 3) / share - 1)).toBeLessThan(1e-5);
      tf.dispose([next, Object.values(time).filter((x) => typeof x !== 'number')]);
    }
    tf.dispose([first, moved]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('say what is wrong', () => {
    expect(() => powerEma(0.3)).toThrow(RangeError);
    expect(() => halfLifeEma({ halfLife: 0 })).toThrow('halfLifeEma: expected halfLife > 0, got 0.');
    expect(() => halfLifeEma({ halfLife: 1 }).step({ w: tf.zeros([1]) }, {}, { t: 1, dt: 1 })).toThrow('got no w');
    expect(() => powerEma(0.1).step({}, {}, { t: 1, dt: 2 })).toThrow('0 < dt ≤ t');
  });
});

describe('createPowerEma on tensors', () => {
  it('averages as the plain tracker does, restores, and owns only its averages', async () => {
    const { createPowerEma: createPlain } = await import('@edm2/phema');
    const before = tf.memory().numTensors;
    const ema = createPowerEma();
    const plain = createPlain();
    let resumed: ReturnType<typeof createPowerEma> | undefined;
    for (let step = 1; step <= 30; step++) {
      const w = Float32Array.of(Math.sin(step), step);
      const t = step * 8;
      plain.update({ layers: [{ w }] }, { t, dt: 8 });
      tf.tidy(() => {
        for (const tracker of [ema, resumed]) tracker?.update({ layers: [{ w: tf.tensor1d(w) }] }, { t, dt: 8 });
      });
      if (step === 15) {
        resumed = createPowerEma();
        const state = ema.state();
        resumed.restore(state);
        tf.dispose((state.tracks ?? {}) as tf.TensorContainer);
      }
    }
    const read = (tree: unknown) => (tree as { layers: [{ w: tf.Tensor }] }).layers[0].w;
    const expected = (plain.values(0.1) as unknown as { layers: [{ w: Float32Array }] }).layers[0].w;
    const actual = read(ema.values(0.1));
    const again = read(resumed?.values(0.1));
    expect(Math.abs((actual.dataSync()[1] ?? 0) / (expected[1] ?? 1) - 1)).toBeLessThan(1e-6);
    expect(again.dataSync()).toEqual(actual.dataSync());
    tf.dispose([actual, again]);
    ema.dispose();
    resumed?.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses another tree', () => {
    const ema = createPowerEma();
    ema.update({ w: tf.zeros([1]) }, { t: 1, dt: 1 });
    expect(() => ema.update({ v: tf.zeros([1]) }, { t: 2, dt: 1 })).toThrow(/got none at w/);
    expect(() => ema.update({ w: tf.zeros([1]) }, { t: 2, dt: 3 })).toThrow(/0 < dt ≤ t/);
    ema.dispose();
  });
});
