import '@tensorflow/tfjs';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError } from '@edm2/command/errors';
import { type Dataset, openDataset } from '@edm2/dataset';
import { CONFIG_NAMES } from '@edm2/edm2-unet';
import { type EngineReport, startEngine } from '@edm2/engine';
import { trainingLadder } from '@edm2/training';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mnistFolder } from '../demo/mnist.js';
import { type Rung, rungOf } from './result.js';
import { runLadder } from './run-ladder.js';
import type { LadderOptions } from './run-rung.js';
import { FULL, type LadderSettings, ladderRun, SMOKE } from './settings.js';
import { createTimeLeft } from './time-left.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-ladder-'));
let dataset: Dataset;
let engine: EngineReport;
beforeAll(async () => {
  dataset = await openDataset(mnistFolder(), { split: 'train', resolution: 16 });
  engine = await startEngine('onnxruntime', { threads: 2 });
});
afterAll(async () => {
  await dataset.close();
  rmSync(scratch, { recursive: true, force: true });
});

const settings = { ...SMOKE, configs: ['A', 'G'] as const, channels: 4, sweepImages: 20, finalImages: 20 };
const ladder = (outdir: string, signal: AbortSignal, changes: Partial<LadderOptions> = {}) =>
  runLadder({
    settings,
    dataPath: mnistFolder(),
    dataset,
    outdir,
    engine,
    signal,
    say: () => {},
    command: 'npm run ladder',
    ...changes,
  });

describe('the runs of a ladder', () => {
  const runs = () => CONFIG_NAMES.map((letter) => ladderRun(letter, FULL, dataset));

  test('differ by what the table says, and by nothing else', () => {
    const [a, b, c, d, e, f, g] = runs();
    const changed = (x: object | undefined, y: object | undefined) =>
      Object.entries(x ?? {}).flatMap(([key, value]) =>
        JSON.stringify(value) === JSON.stringify((y as Record<string, unknown>)[key]) ? [] : [key],
      );
    const intervals = ['status', 'snapshot', 'checkpoint', 'preview'];
    expect(changed(a, b).filter((key) => !intervals.includes(key))).toEqual([
      'config',
      'batch',
      'batchGpu',
      'lr',
      'pMean',
      'pStd',
      'beta2',
      'uncertainty',
      'emaHalfLife',
      'network',
    ]);
    expect(changed(b, c)).toEqual(['config']);
    expect(changed(c, d)).toEqual(['config', 'lr', 'lossScale']);
    expect(changed(d, e)).toEqual(['config', 'lr', 'decay']);
    expect(changed(e, f)).toEqual(['config', 'lr']);
    expect(changed(f, g)).toEqual(['config', 'lr', 'dropout']);
  });

  test('record magnitudes at most every 32 steps, and eight times at least', () => {
    expect(runs().map(({ status, batch }) => status / batch)).toEqual(CONFIG_NAMES.map(() => 32));
    const { status, batch } = ladderRun('A', SMOKE, dataset);
    expect([status, batch]).toEqual([128, 64]);
  });

  test('keep the ratios of the paper', () => {
    const [a, b] = runs();
    expect((a?.batch ?? 0) / (b?.batch ?? 1)).toBe(2);
    // Up to the factors that a short run takes.
    const factors = FULL.rateFactors;
    expect((a?.lr ?? 0) / (factors.A ?? 1) / ((b?.lr ?? 1) / (factors.B ?? 1))).toBeCloseTo(0.5, 9);
    expect((a?.emaHalfLife ?? 0) / FULL.images).toBeCloseTo((trainingLadder.A.emaHalfLife ?? 0) / (2048 * 2 ** 20), 4);
  });
});

test('a ladder that is interrupted in the middle of a config and of a score ends as one that was not', async () => {
  const [whole, parts] = [join(scratch, 'whole'), join(scratch, 'parts')];
  const rungs = await ladder(whole, new AbortController().signal);
  expect(rungs.map(({ config }) => config)).toEqual(['A', 'G']);

  // Stops while G trains.
  const inTraining = new AbortController();
  let reads = 0;
  const counted: Dataset = {
    ...dataset,
    read(index) {
      if (existsSync(join(parts, 'G', 'log.jsonl')) && ++reads === 500) inTraining.abort();
      return dataset.read(index);
    },
  };
  await expect(ladder(parts, inTraining.signal, { dataset: counted })).rejects.toThrow(InterruptedError);
  const scoresOfA = readFileSync(join(parts, 'A', 'scores.jsonl'), 'utf8');
  // As if it had been killed while G was scored, too: its last score is cut off.
  await ladder(parts, new AbortController().signal);
  expect(readFileSync(join(parts, 'A', 'scores.jsonl'), 'utf8')).toBe(scoresOfA);
  const scores = readFileSync(join(parts, 'G', 'scores.jsonl'), 'utf8');
  writeFileSync(join(parts, 'G', 'scores.jsonl'), scores.slice(0, -30));
  const resumed = await ladder(parts, new AbortController().signal);
  const figures = (all: typeof rungs) =>
    all.map(({ trainings, ...rung }) => ({ ...rung, trainings: trainings.map(({ seconds: _, ...rest }) => rest) }));
  expect(figures(resumed)).toEqual(figures(rungs));

  const { rungs: stored } = JSON.parse(readFileSync(join(whole, 'ladder.json'), 'utf8'));
  expect(stored[1].parameters).toBe(rungs[1]?.parameters);
  expect(rungs[0]?.magnitudes?.weights.last.mean).toBeGreaterThan(0);
  // Stored weights of G are normalised before each step.
  expect(rungs[1]?.magnitudes?.weights.last.mean).toBeCloseTo(1, 1);
  const table = readFileSync(join(whole, 'ladder.md'), 'utf8');
  expect(table).toContain('(half-life)');
  expect(table).toContain('| G + magnitude-preserving fixed-function layers |');
  expect(existsSync(join(whole, 'ladder.png')) && existsSync(join(whole, 'ladder.svg'))).toBe(true);

  // What is scored needs no snapshots any more, and a part that is gone over again does not replace the whole.
  for (const name of readdirSync(join(whole, 'A'))) if (/^network-snapshot/.test(name)) rmSync(join(whole, 'A', name));
  rmSync(join(whole, 'A', 'ema'), { recursive: true });
  const again = await ladder(whole, new AbortController().signal, { settings: { ...settings, configs: ['A'] } });
  expect(figures(again)).toEqual(figures(rungs).slice(0, 1));
  const after = JSON.parse(readFileSync(join(whole, 'ladder.json'), 'utf8')).rungs;
  expect(after.map((rung: Rung) => rung.config)).toEqual(['A', 'G']);
});

describe('the folder of a ladder', () => {
  const refused = (outdir: string, changes: Partial<LadderSettings>) =>
    expect(ladder(outdir, new AbortController().signal, { settings: { ...settings, ...changes } })).rejects;

  test('with other shared settings is refused, and they are named', async () => {
    const outdir = mkdtempSync(join(scratch, 'other-'));
    writeFileSync(join(outdir, 'settings.json'), JSON.stringify({ ...settings, draws: 9, configs: ['B'] }));
    await refused(outdir, { seed: 1, channels: 8 }).toThrow('(channels 4 there, 8 now; seed 0 there, 1 now)');
    writeFileSync(join(outdir, 'settings.json'), '{"images": 10');
    await refused(outdir, {}).toThrow('settings.json: expected the settings of a ladder, got something else.');
  });

  test('with something else in it is refused and left as it is', async () => {
    const outdir = mkdtempSync(join(scratch, 'else-'));
    writeFileSync(join(outdir, 'thesis.tex'), 'x');
    await refused(outdir, {}).toThrow('with thesis.tex in it and no settings.json. Choose another --outdir.');
    await refused(join(outdir, 'thesis.tex'), {}).toThrow(/--outdir: expected .*got (ENOTDIR|EEXIST)/);
    expect(readdirSync(outdir)).toEqual(['thesis.tex']);
  });

  test('with a training at another rate is refused, a damaged classifier named', async () => {
    const outdir = mkdtempSync(join(scratch, 'rate-'));
    writeFileSync(join(outdir, 'settings.json'), JSON.stringify(settings));
    writeFileSync(join(outdir, 'classifier.safetensors'), 'x');
    await refused(outdir, {}).toThrow('Delete it: another is trained');
    rmSync(join(outdir, 'classifier.safetensors'));
    mkdirSync(join(outdir, 'G'));
    const config = ladderRun('G', { ...settings, rateFactors: { ...settings.rateFactors, G: 7 } }, dataset);
    writeFileSync(join(outdir, 'G', 'config.json'), JSON.stringify(config));
    await refused(outdir, { configs: ['G'] }).toThrow(/\(--lr .*Or delete .*G, to train it again\./);
  });
});

test('a config that diverges is named in the end; the others are done first', async () => {
  const outdir = join(scratch, 'diverged');
  const rateFactors = { ...settings.rateFactors, C: 1e30 };
  await expect(
    ladder(outdir, new AbortController().signal, { settings: { ...settings, configs: ['C', 'G'], rateFactors } }),
  ).rejects.toThrow(/got others in C\. Delete .*C and take a lower factor in --lr-factors C=1e\+30; all else is kept/);
  const { rungs } = JSON.parse(readFileSync(join(outdir, 'ladder.json'), 'utf8'));
  expect(rungs.map((rung: Rung) => rung.config)).toEqual(['G']);
});

test('several trainings of a config differ by their seeds, and are scored at the length that is best for all', async () => {
  const outdir = join(scratch, 'trainings');
  const [rung] = await ladder(outdir, new AbortController().signal, {
    settings: { ...settings, configs: ['C'], trainings: 2, seed: 3 },
  });
  const seeds = ['C', 'C-seed4'].map(
    (name) => JSON.parse(readFileSync(join(outdir, name, 'config.json'), 'utf8')).seed,
  );
  expect(seeds).toEqual([3, 4]);
  expect(rung?.trainings.map(({ seed }) => seed)).toEqual([3, 4]);
  const [a, b] = rung?.trainings ?? [];
  expect(a?.frechet).not.toBe(b?.frechet);
  expect(rung?.frechet.mean).toBeCloseTo(((a?.frechet ?? 0) + (b?.frechet ?? 0)) / 2, 9);
  expect(rung?.frechet.std).toBeCloseTo(Math.abs((a?.frechet ?? 0) - (b?.frechet ?? 0)) / Math.SQRT2, 9);
  expect(readFileSync(join(outdir, 'ladder.md'), 'utf8')).toContain('2 trainings (seeds 3 to 4)');
  // On the picture: the step, its mean, and the paper's figure.
  const svg = readFileSync(join(outdir, 'ladder.svg'), 'utf8');
  for (const text of ['architectural streamlining', (rung?.frechet.mean ?? 0).toPrecision(3), '6.96'])
    expect(svg).toContain(text);
  // A dot for each training, one for the best length.
  expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(3);
});

test('the best length is that of the mean over trainings', () => {
  const config = ladderRun('G', { ...FULL, images: 1600 }, dataset);
  const draw = (use: 'sweep' | 'final', average: number, frechet: number) => ({
    use,
    average,
    frechet,
    seed: 0,
    labelAgreement: 0.9,
    n: 1000,
    steps: 12,
    classifier: 'x',
    profileError: average / 10,
  });
  const log = [1000, 1520, 1600].map((nimg) => ({
    nimg,
    loss: nimg / 100,
    imagesPerSecond: 10,
    learningRate: 0,
    seconds: 0,
    memoryMB: 0,
  }));
  const sweepOf = (...scores: readonly number[]) => [0.05, 0.1, 0.2].map((at, i) => draw('sweep', at, scores[i] ?? 0));
  const first = { config, log, sweep: sweepOf(1, 1.5, 4), final: [draw('final', 0.1, 2)] };
  const second = { config, log, sweep: sweepOf(3, 2, 1), final: [draw('final', 0.1, 4)] };
  const rung = rungOf([first, second], []);
  // Alone, the first would choose 0.05 and the second 0.2.
  expect(rung.bestSigmaRel).toBe(0.1);
  expect(rung.curve.map(({ frechet }) => frechet)).toEqual([2, 1.75, 2.5]);
  expect(rung.curve[2]?.profileError).toBeCloseTo(0.02, 9);
  expect(rung.frechet).toEqual({ mean: 3, std: Math.SQRT2, draws: 2 });
  // The last sixteenth of 1600 images begins after image 1500.
  expect(rung.finalLoss.mean).toBeCloseTo(15.6, 9);
  expect(rung.trainings[0]?.seconds).toBeCloseTo(160, 9);
});

test('the time left follows what each kind of work has taken', () => {
  let now = 0;
  const time = createTimeLeft(() => now);
  expect(time.text({ train: 5, sample: 5 })).toBe('time left not known yet');
  time.start('train');
  now = 100;
  // 100 images in 100 s; sampling is taken to cost four times as much until it is measured.
  expect(time.text({ train: 0, sample: 10 }, { done: 100, of: 160 })).toBe('1 min 40 s left for the ladder');
  time.stop(100);
  time.start('sample');
  now = 120;
  time.stop(10);
  expect(time.text({ train: 10, sample: 10 })).toBe('30 s left for the ladder');
});
