import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { figuresOf, type MetricKey, metrics } from '@edm2/fid';
import { writeSafetensors } from '@edm2/tensor-files';
import { goldenPath } from '@edm2/test-support';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formulaImage, formulaWeights } from '../../../packages/fid/src/formula.fixture.js';
import { runFid } from '../../../packages/fid/src/node/cli/program.js';
import { runProgram } from './program.js';

const printed = keepPrinted();
const folder = mkdtempSync(join(tmpdir(), 'edm2-both-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]): string => join(folder, ...names);

const SIDE = 32;
/** Sets of different sizes, so that it shows what is generated and what is real, and with images in common, so that no share is 0. */
const SETS = { fake: Array.from({ length: 20 }, (_, i) => i), real: [16, 17, 18, 19, 20] };

beforeAll(async () => {
  for (const [set, numbers] of Object.entries(SETS)) {
    mkdirSync(at(set));
    for (const n of numbers) {
      const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
      await sharp(Uint8Array.from(formulaImage(SIDE, SIDE, n)), { raw }).toFile(at(set, `${n}.png`));
    }
  }
  const keys = JSON.parse(readFileSync(goldenPath('inception-keys.json'), 'utf8'));
  await writeSafetensors(at('weights.safetensors'), formulaWeights(keys), { network: 'inception' });
});

test('the same images have the same figures through fid calc and edm2-evaluate metrics calc', async () => {
  // sfd, which takes half a minute on Inception's dims, is of the same function in both.
  const names = Object.keys(metrics).filter((name) => name !== 'sfd') as MetricKey[];
  const choice = ['--metrics', names.join(','), '--bootstrap', '2', '--seed', '7', '--json'];
  let ours = '';
  const io = {
    out: (text: string) => {
      ours += text;
    },
    err: process.stderr,
    signal: new AbortController().signal,
  };
  const engine = ['--engine', 'onnxruntime', '--threads', '2'];
  const weights = at('weights.safetensors');
  const calc = ['calc', at('fake'), at('real'), '--weights', weights, '--batch', '5', ...engine, ...choice];
  expect(await runFid(calc, io), printed.text).toBe(0);
  const sets = ['--images', at('fake'), '--ref', at('real'), '--features', weights];
  expect(await runProgram(['metrics', 'calc', ...sets, ...engine, ...choice]), printed.text).toBe(0);
  const theirs = JSON.parse(/^\{.*\}$/m.exec(printed.text)?.[0] ?? '');
  const { figures, warnings, n, nReference } = JSON.parse(ours);

  expect([n, nReference]).toEqual([SETS.fake.length, SETS.real.length]);
  expect([theirs.n, theirs.nReference, theirs.warnings]).toEqual([n, nReference, warnings]);
  type Row = { key: string; value: number; std?: number };
  const named = (rows: Row[]) => rows.map(({ value: _, std: __, ...row }) => row);
  const rows: Row[] = theirs.figures.map(({ mean: _, n: __, draws: ___, ...row }: Record<string, unknown>) => row);
  expect(named(rows)).toEqual(named(figures));
  // Their batches differ, and nothing else: the features are of one function.
  for (const [i, { key, value, std = 1 }] of figures.entries()) {
    expect((rows[i]?.value ?? 0) / value, key).toBeCloseTo(1, 6);
    expect((rows[i]?.std ?? 1) / std, `${key} ±`).toBeCloseTo(1, 5);
  }
  expect(figures.map(({ key }: Row) => key)).toEqual(figuresOf(names));
});
