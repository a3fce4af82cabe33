import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spreadOf } from '@edm2/app-scoring/scores/spread';
import { canonical } from '@edm2/app-scoring/sweep/point';
import type { TensorCurve } from '@edm2/app-scoring/sweep/run-per-tensor';
import { decode } from 'fast-png';
import { afterAll, expect, test } from 'vitest';
import { writePerTensor } from './write-per-tensor.js';

// SWEEP_OUT keeps the pictures for a look.
const outdir = process.env['SWEEP_OUT'] || mkdtempSync(join(tmpdir(), 'edm2-per-tensor-'));
afterAll(() => {
  if (!process.env['SWEEP_OUT']) rmSync(outdir, { recursive: true, force: true });
});

const LENGTHS = [0.02, 0.05, 0.1, 0.15, 0.2];
const OTHERS = 0.1;
const EMB = '*.emb_gain,*.emb_linear.*';

/** A valley around `best` through the same value at the others' length. */
const curve = (pattern: string | undefined, best: number, depth: number): TensorCurve => ({
  pattern,
  points: LENGTHS.map((sigmaRel) => {
    const height = (x: number): number => (8 * (x - best)) ** 2 * depth;
    const mean = 3 + height(sigmaRel) - height(OTHERS);
    const score = spreadOf([mean - 0.03, mean + 0.03]);
    const own = pattern === undefined ? undefined : { tensors: pattern, sigmaRel };
    const point = canonical({ sigmaRel: pattern === undefined ? sigmaRel : OTHERS, own, weight: 1 });
    return { sigmaRel, result: { point, score, figures: { fd: score }, n: 500 } };
  }),
});

test('a picture with a legend, the figures as JSON and lines', async () => {
  const found = {
    others: OTHERS,
    chosenFrom: 5,
    curves: [
      curve(undefined, 0.1, 1),
      curve(EMB, 0.05, 0.4),
      curve('*.attn_*', 0.15, 0.5),
      curve('*.conv_res0.*', 0.1, 0.3),
    ],
  };
  const picture = await writePerTensor(outdir, found, {
    score: { key: 'fd', title: 'FD <test>', better: 'lower' },
    groups: [{ pattern: EMB, names: ['a.emb_gain', 'a.emb_linear.weight'], share: 0.1 }],
    settings: [['images', '500']],
    command: 'x',
    warnings: ['careful'],
  });
  const { width, height, data } = decode(readFileSync(picture));
  expect(width).toBe(1200);
  expect(height).toBeGreaterThan(600);
  expect(new Set(data).size).toBeGreaterThan(50);
  const svg = readFileSync(join(outdir, 'per-tensor.svg'), 'utf8');
  for (const text of [
    'all tensors, best at 0.1: 3 ±',
    `${EMB}, best at 0.05: 2.936 ±`,
    '*.attn_*, best at 0.15',
    'all others at σ_rel 0.1',
  ])
    expect(svg.includes(text), text).toBe(true);
  // No text makes the picture wider than its curves.
  expect(Number(/^<svg[^>]* width="(\d+)/.exec(svg)?.[1])).toBeLessThan(600);
  // Four curves, of which one is dashed, and the others' length.
  const strokes = new Set(
    [...svg.matchAll(/stroke="(#[0-9a-f]{6})" stroke-width="1\.8"/g)].map(([, colour]) => colour),
  );
  expect(strokes.size).toBe(4);

  const lines = readFileSync(join(outdir, 'per-tensor.csv'), 'utf8').trim().split('\n');
  expect(lines).toHaveLength(1 + 4 * LENGTHS.length);
  expect(lines[0]).toBe('tensors,sigma_rel,others_sigma_rel,guide_sigma_rel,guidance,fd_mean,fd_std,n,draws');
  expect(lines[5]).toMatch(/^all,0\.2,0\.2,,1,3\./);
  expect(lines[6]).toMatch(/^"\*\.emb_gain,\*\.emb_linear\.\*",0\.02,0\.1,,1,2\./);
  const json = JSON.parse(readFileSync(join(outdir, 'per-tensor.json'), 'utf8'));
  expect(json).toMatchObject({ others: 0.1, chosenFrom: 5, warnings: ['careful'] });
  expect(json.curves[0].tensors).toBeNull();
  expect(json.curves[1]).toMatchObject({ tensors: EMB, names: ['a.emb_gain', 'a.emb_linear.weight'], share: 0.1 });
  expect(json.curves[1].points[0]).toMatchObject({ sigmaRel: 0.02, n: 500 });
});
