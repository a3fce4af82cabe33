import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classifier, reference } from '@edm2/digits';
import { type Model, open, score } from 'edm2';
import { afterAll, beforeAll, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-score-'));
const FAST = { steps: 8, num: 60 } as const;
let model: Model;
beforeAll(async () => {
  model = await open('digits', { engine: 'onnxruntime', threads: 1 });
});
afterAll(() => {
  model.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

test('a model scores as the images that it draws do', async () => {
  const drawn = await score(model, 'digits', { ...FAST, metrics: 'fd,is' });
  expect(drawn).toMatchObject({ n: 60, features: 'classifier' });
  expect(drawn.labelAgreement).toBeGreaterThan(0.8);
  expect(drawn.figures.is?.value).toBeGreaterThan(2);
  expect(drawn.warnings.join()).toMatch(/60 images/);
  const seeds = Array.from({ length: 60 }, (_, i) => i);
  await model.saveImages(join(scratch, 'images'), { seeds, steps: 8 });
  const stored = await score(join(scratch, 'images'), reference, {
    features: classifier,
    metrics: ['fd', 'is'],
    engine: 'onnxruntime',
    threads: 1,
  });
  expect(stored.n).toBe(60);
  expect(stored.figures.fd?.value).toBeCloseTo(drawn.figures.fd?.value ?? Number.NaN, 4);
  expect(stored.labelAgreement).toBeUndefined();
});

test('images against themselves are at no distance', async () => {
  const images = join(scratch, 'images');
  const { figures } = await score(images, images, {
    ...{ features: classifier, metrics: 'fd,pr', engine: 'onnxruntime', bootstrap: 3, seed: 5 },
  });
  expect(figures.fd).toMatchObject({ over: 'resamples', of: '3 resamples' });
  expect(figures.fd?.std).toBeGreaterThan(0);
  expect(figures.fd?.value).toBeCloseTo(0, 6);
  expect(figures.precision?.value).toBe(1);
});

test.each([
  [{ metrics: 'fidd' }, /^score: expected any of fd, /],
  [{ metrics: 'fid' }, /^score: expected figures on the features of classifier, got one .* inception/],
  [{ metrics: 'pr' }, /^score: expected real images, or statistics with their features/],
  [{ metrics: 'is', bootstrap: 3 }, /^score: expected fd or sfd in metrics to resample, got is/],
  [{ seed: -1 }, /^score: expected seed to be a whole number from 0 on, got -1/],
  [{ num: 1 }, /^score: expected num to be a whole number from 2 on, got 1/],
  [{ metric: 'fd' } as object, /Did you mean metrics\?/],
])('refuses %j', async (options, message) => {
  await expect(score(model, 'digits', { ...FAST, ...options })).rejects.toThrow(message);
});

test('says what is missing', async () => {
  await expect(score(model, reference)).rejects.toThrow(/^score: expected \{ features \}/);
});
