import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionError } from 'edm2';
import type { TrainEvent } from 'edm2/parts';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTraining } from '../../../packages/edm2/src/start-training.js';

// edm2's `train` starts the command that is bundled with it; here it is bundled from the sources. Where its imports are found.
const home = fileURLToPath(new URL('../', import.meta.url));
const bundle = join(home, 'node_modules', '.cache', `train-${process.pid}`);
const scratch = mkdtempSync(join(tmpdir(), 'edm2-train-'));
const at = (...names: string[]): string => join(scratch, ...names);

beforeAll(() => {
  const tsup = fileURLToPath(new URL('../../../node_modules/.bin/tsup', import.meta.url));
  const options = { cwd: home, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const built = spawnSync(tsup, ['--silent', '--out-dir', bundle], options);
  expect(built.status, built.stdout + built.stderr).toBe(0);
  mkdirSync(at('images'));
  for (let i = 0; i < 32; i++) {
    const data = Uint8Array.from({ length: 64 }, (_, p) => (p * 7 + i * 13) % 256);
    writeFileSync(at('images', `${i}.png`), encode({ width: 8, height: 8, channels: 1, depth: 8, data }));
  }
});
afterAll(() => {
  for (const folder of [bundle, scratch]) rmSync(folder, { recursive: true, force: true });
});

const SMALL = {
  data: at('images'),
  batch: 8,
  engine: 'onnxruntime',
  threads: 1,
  preset: 'mnist',
  attnResolutions: 'none',
};
const TICKS = { status: 80, snapshot: 160, checkpoint: 160, preview: 320 };
const start = (options: object) => startTraining(join(bundle, 'cli.js'), { ...SMALL, ...TICKS, ...options });
type Of<K extends TrainEvent['kind']> = Extract<TrainEvent, { kind: K }>;
const only = <K extends TrainEvent['kind']>(events: readonly TrainEvent[], kind: K): Of<K>[] =>
  events.filter((event): event is Of<K> => event.kind === kind);

test('a run tells what happens as it happens, and its folder holds it', async () => {
  const outdir = at('run');
  const events: TrainEvent[] = [];
  for await (const event of start({ outdir, duration: 320, xflip: true, validation: 0.25 })) events.push(event);
  expect(only(events, 'start')).toMatchObject([
    { outdir, images: 320, engine: expect.stringMatching(/^onnxruntime /) },
  ]);
  expect(events.at(-1)).toEqual({ kind: 'done', outdir });
  const log = readFileSync(join(outdir, 'log.jsonl'), 'utf8').trim().split('\n');
  expect(only(events, 'status').map(({ kind: _, ...line }) => line)).toEqual(log.map((line) => JSON.parse(line)));
  expect(only(events, 'status').map(({ nimg }) => nimg)).toEqual([80, 160, 240, 320]);
  expect(only(events, 'status').map(({ validation }) => validation?.images)).toEqual([undefined, 8, undefined, 8]);
  expect(only(events, 'snapshot').map(({ nimg }) => nimg)).toEqual([160, 160, 320, 320]);
  for (const kind of ['snapshot', 'preview', 'checkpoint'] as const) {
    expect(only(events, kind).length, kind).toBeGreaterThan(0);
    for (const { path } of only(events, kind)) expect(existsSync(path), path).toBe(true);
  }
  expect(only(events, 'note').map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^data: 32 images and as many mirrored of 8×8/),
  );
});

test('leaving the loop, or a signal, writes a checkpoint; the run goes on from there', async () => {
  const outdir = at('stopped');
  for await (const event of start({ outdir, duration: 100_000, preview: 0 })) if (event.kind === 'status') break;
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  const goOn = (more: object) => startTraining(join(bundle, 'cli.js'), { outdir, resume: true, ...more });
  const going = async () => {
    for await (const event of goOn({ signal: controller.signal })) {
      events.push(event);
      if (event.kind === 'status') controller.abort(new Error('enough'));
    }
  };
  await expect(going()).rejects.toThrow('enough');
  const [first] = only(events, 'note').flatMap(({ text }) => /resuming at (\d+) images/.exec(text)?.[1] ?? []);
  expect(Number(first)).toBeGreaterThanOrEqual(80);
  const [stopped] = only(events, 'checkpoint').slice(-1);
  expect(stopped?.nimg).toBeGreaterThan(Number(first));
});

test('what the command refuses is an error in its words', async () => {
  const all = async (options: object) => {
    for await (const _ of start(options));
  };
  await expect(all({ data: at('none'), outdir: at('x') })).rejects.toThrow(/none/);
  await expect(all({ presett: 'x' })).rejects.toThrow(/--presett.*[\s\S]*--preset/);
  await expect(all({ lr: 'fast' })).rejects.toThrow(OptionError);
  expect(existsSync(at('x'))).toBe(false);
});
