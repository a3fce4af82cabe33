import '@tensorflow/tfjs';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, UsageError } from '@edm2/command/errors';
import { type Dataset, openDataset } from '@edm2/dataset';
import { startEngine } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunConfig } from '../options/run-config.js';
import type { LogLine } from './log.js';
import { prepareRunFolder } from './run-folder.js';
import { trainRun } from './train-run.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-resume-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let dataset: Dataset;
let config: RunConfig;
beforeAll(async () => {
  const data = join(scratch, 'data');
  const random = createRandom(1);
  for (let i = 0; i < 40; i++) {
    mkdirSync(join(data, String(i % 2)), { recursive: true });
    const pixels = Uint8Array.from(random.stream('image', i).integers(64, 256));
    writeFileSync(
      join(data, String(i % 2), `${i}.png`),
      encode({ width: 8, height: 8, channels: 1, depth: 8, data: pixels }),
    );
  }
  dataset = await openDataset(data);
  config = {
    format: 'edm2-run-1',
    preset: 'mnist',
    config: 'G',
    data,
    dataFingerprint: dataset.fingerprint,
    seed: 3,
    duration: 3000,
    batch: 100,
    batchGpu: 100,
    status: 500,
    snapshot: 1000,
    checkpoint: 1000,
    preview: 3000,
    lr: 0.01,
    decay: 20,
    rampupMimg: 0.001,
    dropout: 0.1,
    pMean: -0.4,
    pStd: 1,
    sigmaData: 0.5,
    beta2: 0.99,
    precision: 'float32',
    lossScale: 1,
    uncertainty: true,
    emaHalfLife: 0,
    xflip: false,
    augment: 0.3,
    validation: 0.25,
    emaRampup: 0,
    emaSigmaRels: [0.05, 0.1],
    network: {
      imgResolution: 8,
      imgChannels: 1,
      labelDim: 2,
      modelChannels: 8,
      channelMult: [1, 2],
      numBlocks: 1,
      attnResolutions: [4],
      channelsPerHead: 8,
      augmentDim: 9,
    },
  };
});

/** Trains in `outdir`; with `stopAfter`, interrupted once so many images were read. */
async function train(
  outdir: string,
  { resume = false, stopAfter = Number.POSITIVE_INFINITY, changes = {}, said = [] as string[] } = {},
) {
  const settings: RunConfig = { ...config, ...changes };
  const controller = new AbortController();
  let reads = 0;
  const counted: Dataset = {
    ...dataset,
    read(index) {
      reads += 1;
      if (reads === stopAfter) controller.abort();
      return dataset.read(index);
    },
  };
  await prepareRunFolder(outdir, settings, resume);
  const engine = await startEngine('onnxruntime', { threads: 2 });
  await trainRun({
    config: settings,
    dataset: counted,
    outdir,
    engine,
    resume,
    signal: controller.signal,
    say: (text) => void said.push(text),
    resumeCommand: 'again',
  });
}

const weights = (outdir: string): string[] => readdirSync(outdir).filter((name) => name.endsWith('.safetensors'));

test('a run that was interrupted and resumed writes the files of one that was not, byte for byte', async () => {
  const [whole, parts] = [join(scratch, 'whole'), join(scratch, 'parts')];
  await train(whole);
  await expect(train(parts, { stopAfter: 1450 })).rejects.toThrow(InterruptedError);
  expect(weights(parts).some((name) => name.startsWith('training-state'))).toBe(true);
  await expect(train(parts)).rejects.toThrow(/--resume/);
  await train(parts, { resume: true });
  // Logs: each line once, and an event file for every start.
  const kept = ({ nimg, validation }: LogLine) => ({ nimg, validation });
  expect(readLogLines(parts).map(kept)).toEqual(readLogLines(whole).map(kept));
  const measured = readLogLines(whole).filter(({ validation }) => validation);
  expect(measured.map(({ nimg }) => nimg)).toEqual([1000, 2000, 3000]);
  const [events = ''] = eventFiles(whole);
  expect(readFileSync(join(whole, events), 'latin1').split('validation/held-out')).toHaveLength(4);
  expect(eventFiles(whole)).toHaveLength(1);
  expect(eventFiles(parts)).toHaveLength(2);
  expect(weights(parts)).toEqual(
    expect.arrayContaining(weights(whole).filter((name) => name.startsWith('network-snapshot'))),
  );
  const compared = weights(whole).filter((name) => weights(parts).includes(name));
  expect(compared.length).toBeGreaterThanOrEqual(7);
  for (const name of compared)
    expect(readFileSync(join(parts, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
});

test('a training state that was cut short is passed over for the one before it', async () => {
  const outdir = join(scratch, 'cut');
  await train(outdir);
  const states = weights(outdir)
    .filter((name) => name.startsWith('training-state'))
    .sort();
  expect(states).toHaveLength(2);
  const before = readFileSync(join(outdir, states[1] ?? ''));
  truncateSync(join(outdir, states[1] ?? ''), 1000);
  await train(outdir, { resume: true });
  expect(readFileSync(join(outdir, states[1] ?? '')).equals(before)).toBe(true);
});

test('states of which none fits or can be read end the run, and nothing is touched', async () => {
  const outdir = join(scratch, 'unreadable');
  await train(outdir, { changes: { duration: 1000, preview: 1000 } });
  const before = readFileSync(join(outdir, 'log.jsonl'), 'utf8');
  const listed = readdirSync(outdir);
  const other = { ...config.network, modelChannels: 16 };
  const said: string[] = [];
  // As if the state of another net had been copied in: the run's own settings are the other net's.
  const settings = { ...config, network: other };
  writeFileSync(join(outdir, 'config.json'), JSON.stringify({ ...settings, duration: 1000 }));
  await expect(train(outdir, { resume: true, changes: { network: other }, said })).rejects.toThrow(
    /--resume: expected a training state that can be read, got 1/,
  );
  expect(said.join()).toMatch(/training-state-0000001.*another net/);
  writeFileSync(join(outdir, 'config.json'), JSON.stringify({ ...config, duration: 1000 }));
  truncateSync(join(outdir, 'training-state-0000001.safetensors'), 1000);
  await expect(train(outdir, { resume: true })).rejects.toThrow(/--resume: expected a training state that can be read/);
  expect(readFileSync(join(outdir, 'log.jsonl'), 'utf8')).toBe(before);
  expect(readdirSync(outdir)).toEqual(listed);
});

test('a loss that is not finite ends the run, and leaves what was written', async () => {
  const outdir = join(scratch, 'nan');
  await expect(train(outdir, { changes: { lr: 1e30 } })).rejects.toThrow(/expected a finite loss, got (NaN|Infinity)/);
  expect(weights(outdir)).toEqual([]);
});

test('resuming needs a run, and a folder must be one', async () => {
  const nowhere = join(scratch, 'nowhere');
  await expect(prepareRunFolder(nowhere, config, true)).rejects.toThrow(/--resume: expected the folder of a run/);
  expect(existsSync(nowhere)).toBe(false);
  const file = join(scratch, 'a-file');
  writeFileSync(file, '');
  await expect(prepareRunFolder(file, config, false)).rejects.toThrow(
    /--outdir: expected folders on the way to .*a-file.*ENOTDIR/,
  );
});

test('what could not be read again is not begun', async () => {
  const outdir = join(scratch, 'not-begun');
  const unreadable = { ...config, lr: Number.POSITIVE_INFINITY, network: { ...config.network, numBlocks: 1.5 } };
  const attempt = prepareRunFolder(outdir, unreadable, false);
  await expect(attempt).rejects.toThrow(UsageError);
  await expect(attempt).rejects.toThrow(/config\.json: expected values .*lr: .*network\.numBlocks: /);
  expect(existsSync(outdir)).toBe(false);
});

test("another run's folder is refused and stays as it is", async () => {
  const outdir = join(scratch, 'other');
  await prepareRunFolder(outdir, config, false);
  const stored = readFileSync(join(outdir, 'config.json'), 'utf8');
  const other = { ...config, lr: 0.02 };
  await expect(prepareRunFolder(outdir, other, true)).rejects.toThrow(UsageError);
  await expect(prepareRunFolder(outdir, other, true)).rejects.toThrow(/--lr 0\.01 then, 0\.02 now/);
  expect(readFileSync(join(outdir, 'config.json'), 'utf8')).toBe(stored);
});

test('microbatches sum to the same run, to rounding', async () => {
  const short = { duration: 1000, preview: 1000 };
  await train(join(scratch, 'one'), { changes: short });
  await train(join(scratch, 'four'), { changes: { ...short, batchGpu: 25 } });
  const lossOf = (name: string): number => readLogLines(join(scratch, name)).at(-1)?.loss ?? Number.NaN;
  expect(lossOf('four')).toBeCloseTo(lossOf('one'), 3);
  expect(Number.isFinite(lossOf('one'))).toBe(true);
});

const eventFiles = (outdir: string): string[] => readdirSync(outdir).filter((name) => name.includes('tfevents'));

const readLogLines = (outdir: string): LogLine[] =>
  readFileSync(join(outdir, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
