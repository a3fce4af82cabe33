import '@tensorflow/tfjs';
import { halfLifeEmaShare } from '@edm2/phema';
import { halfLifeEmaStep } from '@edm2/phema/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('after one half-life in any number of updates, the old weights count half', () => {
  for (const updates of [1, 7, 100]) {
    let old = 1;
    for (let i = 1; i <= updates; i++) old *= 1 - halfLifeEmaShare({ halfLife: 500 }, 1000 * i, 500 / updates);
    expect(old).toBeCloseTo(0.5, 12);
  }
});

test("EDM's formula, half-life capped by a share of what was seen", () => {
  // beta = 0.5 ** (batch / max(min(halflife, nimg · 0.05), 1e-8))
  for (const nimg of [4096, 1e6, 5e9])
    expect(1 - halfLifeEmaShare({ halfLife: 5e7, rampup: 0.05 }, nimg, 4096)).toBeCloseTo(
      0.5 ** (4096 / Math.min(5e7, nimg * 0.05)),
      12,
    );
});

test('the step on tensors is the same, to float32, where 1 − β is lost in β', () => {
  for (const rampup of [undefined, 0.05]) {
    const [t, dt, halfLife] = [4e8, 16, 5e7];
    const [after] = Object.values(
      halfLifeEmaStep({ w: tf.tensor1d([0]) }, { w: tf.tensor1d([1]) }, tf.scalar(t), tf.scalar(dt), {
        halfLife,
        rampup,
      }),
    );
    const share = halfLifeEmaShare({ halfLife, rampup }, t, dt);
    expect((after?.dataSync()[0] ?? 0) / share).toBeCloseTo(1, 6);
  }
});

test('numbers out of range are refused, naming them', () => {
  expect(() => halfLifeEmaShare({ halfLife: 0 }, 2, 1)).toThrow('halfLifeEmaShare: expected halfLife > 0, got 0.');
  expect(() => halfLifeEmaShare({ halfLife: 5, rampup: -1 }, 2, 1)).toThrow('expected rampup > 0, got -1.');
  expect(() => halfLifeEmaShare({ halfLife: 5 }, 2, 3)).toThrow('expected 0 < dt ≤ t, got dt 3 and t 2.');
});
