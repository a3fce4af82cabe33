import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spreadOf } from '@edm2/app-scoring/scores/spread';
import { product } from '@edm2/app-scoring/sweep/point';
import type { SweepResult } from '@edm2/app-scoring/sweep/result';
import { writeGrid } from 'edm2/parts';
import { decode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { writeSweep } from './write-sweep.js';

// SWEEP_OUT keeps the pictures for a look.
const outdir = process.env['SWEEP_OUT'] || mkdtempSync(join(tmpdir(), 'edm2-draw-'));
afterAll(() => {
  if (!process.env['SWEEP_OUT']) rmSync(outdir, { recursive: true, force: true });
});

const results: SweepResult[] = product({
  sigmaRels: [0.05, 0.075, 0.1, 0.15, 0.2],
  guideSigmaRels: [0.1, 0.15],
  weights: [1, 1.5, 2, 2.5],
  intervals: [undefined, [0.2, 2]],
}).map((point) => {
  const { sigmaRel, weight, guideSigmaRel = 0, interval } = point;
  const score =
    2 +
    (15 * (sigmaRel - 0.1)) ** 2 +
    (weight === 1 ? 3 : (2 * (weight - 1.8)) ** 2) +
    guideSigmaRel +
    (interval ? 0 : 0.4);
  return {
    point,
    figures: {
      fd: spreadOf([score - 0.1, score + 0.1, score + 0.05]),
      precision: spreadOf([0.7, 0.71, 0.69 + 0.001 * weight]),
    },
    score: spreadOf([score - 0.1, score + 0.1, score + 0.05]),
    n: 500,
  };
});
const about = {
  title: 'EDM2 sweep',
  score: { key: 'fd', title: 'FD <test>', better: 'lower' } as const,
  titles: { fd: 'FD <test>', precision: 'precision' },
  settings: [['images', '500']] as const,
  command: 'x',
  warnings: ['careful'],
};

test('every chart in three forms, a table best first, one page that needs nothing else', async () => {
  const images = join(outdir, 'best.png');
  await writeGrid(images, { data: new Uint8Array(4 * 64).fill(99), shape: [4, 8, 8, 1] });
  const written = await writeSweep(outdir, results, about, images);
  for (const name of ['ema-curves', 'ema-by-guidance', 'ema-by-guiding-ema', 'guidance-by-interval']) {
    expect(decode(readFileSync(join(outdir, `${name}.png`))).width).toBe(1100);
    expect(written).toContain(join(outdir, `${name}.svg`));
  }
  const [head, first] = readFileSync(join(outdir, 'sweep.csv'), 'utf8').split('\n');
  expect(head).toMatch(/^sigma_rel,guide_sigma_rel,guidance,interval_lo,interval_hi,fd_mean,fd_std,precision_mean/);
  expect(first).toMatch(/^0\.1,0\.1,2,0\.2,2,2\.2/);
  const page = readFileSync(join(outdir, 'sweep.html'), 'utf8');
  for (const text of [
    'Best of 65 settings: σ_rel 0.1, w 2, guide σ_rel 0.1, σ in (0.2, 2].',
    'FD &lt;test&gt;',
    '2.277 ± 0.1',
    'careful',
  ])
    expect(page.includes(text), text).toBe(true);
  expect(page.includes('<script')).toBe(false);
});

test('charts of a sweep before, which this one has no values for, are removed', async () => {
  const few = results.filter(({ point }) => point.weight === 1);
  await writeSweep(outdir, few, about, join(outdir, 'best.png'));
  expect(existsSync(join(outdir, 'ema-by-guidance.png'))).toBe(false);
  expect(existsSync(join(outdir, 'ema-curves.png'))).toBe(true);
});
