import '@tensorflow/tfjs';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { lockFolder } from '@edm2/tensor-files';
import { encode } from 'fast-png';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CHANGEABLE, ON_RESUME } from './options/on-resume.js';
import { runProgram } from './program.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-resume-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const printed = keepPrinted();
const at = (...names: string[]): string => join(scratch, ...names);
const png = (seed: number, side = 8): Uint8Array =>
  encode({
    width: side,
    height: side,
    channels: 1,
    depth: 8,
    data: Uint8Array.from({ length: side * side }, (_, p) => (p * 7 + seed * 13) % 256),
  });

/** What the run is begun with; each of them differs from what would be taken without it. */
const begun = [
  ...['--duration', '1000', '--batch', '100', '--preview', '0', '--status', '500', '--snapshot', '1000'],
  ...['--checkpoint', '1000', '--seed', '5', '--lr', '0.003', '--engine', 'onnxruntime', '--threads', '1'],
  ...['--config', 'E', '--attn-resolutions', 'none', '--magnitudes', '--xflip', 'true'],
];
let config: Record<string, unknown> = {};

beforeAll(async () => {
  printed.listen();
  for (let i = 0; i < 6; i++) {
    mkdirSync(at('images', `class${i % 2}`), { recursive: true });
    writeFileSync(at('images', `class${i % 2}`, `${i}.png`), png(i));
  }
  expect(await runProgram(['--data', at('images'), ...begun, '--outdir', at('begun')]), printed.text).toBe(0);
  config = JSON.parse(readFileSync(at('begun', 'config.json'), 'utf8'));
});

/** A run that may be changed. */
let run = '';
beforeEach(() => {
  run = at('run');
  rmSync(run, { recursive: true, force: true });
  cpSync(at('begun'), run, { recursive: true });
});
const resume = (...argv: string[]): Promise<number> => runProgram(['--resume', '--outdir', run, ...argv]);
const stored = () => JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
const contents = () =>
  readdirSync(run, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => [
      name,
      existsSync(join(run, name)) && !name.endsWith('previews') ? readFileSync(join(run, name)).toString('latin1') : '',
    ]);

test('the folder alone is enough: everything is as it was begun', async () => {
  expect(await resume('--duration', '2000'), printed.text).toBe(0);
  expect(stored()).toEqual({ ...config, duration: 2000 });
  expect(printed.text).toMatch(/resuming at 1000 images/);
  expect(printed.text).toMatch(/engine: onnxruntime .*1 thread,/);
  expect(readdirSync(join(run, 'previews'))).toEqual([]);
  // Recorded as before, though --magnitudes was not typed again.
  const lines = readFileSync(join(run, 'magnitudes.jsonl'), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).nimg)).toEqual([500, 1000, 1500, 2000]);
});

test('what was typed the first time may be typed again', async () => {
  expect(
    await resume('--data', at('images'), ...begun.slice(2), '--duration', '2000', '--cond', 'true', '--dry-run'),
    printed.text,
  ).toBe(0);
  expect(JSON.parse(printed.text)).toEqual({ ...config, duration: 2000 });
});

test('what may change is changed, and kept', async () => {
  const changes = [
    '--status',
    '1000',
    '--snapshot',
    '2000',
    '--checkpoint',
    '2000',
    '--preview',
    '3000',
    '--threads',
    '2',
  ];
  expect(await resume(...changes, '--engine', 'auto', '--dry-run'), printed.text).toBe(0);
  const changed = { status: 1000, snapshot: 2000, checkpoint: 2000, preview: 3000, threads: 2, engine: 'auto' };
  expect(JSON.parse(printed.text)).toEqual({ ...config, ...changed });
});

const REFUSED: [string[], string][] = [
  [['--lr', '0.02'], '--lr 0.003 then, 0.02 now'],
  [['--seed', '6'], '--seed 5 then, 6 now'],
  [['--batch', '40', '--seed', '6'], '--seed 5 then, 6 now; --batch 100 then, 40 now'],
  [['--preset', 'cifar10'], '--preset mnist then, cifar10 now'],
  [['--config', 'G'], '--config E then, G now'],
  [['--batch-gpu', '50'], '--batch-gpu 100 then, 50 now'],
  [['--decay', '3'], '--decay 2000 then, 3 now'],
  [['--dropout', '0.3'], '--dropout 0.1 then, 0.3 now'],
  [['--pmean', '0'], '--pmean -0.8 then, 0 now'],
  [['--pstd', '2'], '--pstd 1.4 then, 2 now'],
  [['--beta2', '0.9'], '--beta2 0.99 then, 0.9 now'],
  [['--loss-scale', '9'], '--loss-scale 1 then, 9 now'],
  [['--uncertainty', 'false'], '--uncertainty true then, false now'],
  [['--ema-rampup', '0.1'], '--ema-rampup 0 then, 0.1 now'],
  [['--ema-half-life', '50'], '--ema-half-life 0 then, 50 now'],
  [['--precision', 'bfloat16'], '--precision float32 then, bfloat16 now'],
  [['--augment', '0.1'], '--augment 0 then, 0.1 now'],
  [['--augment-with', 'x-flip'], '--augment-with none then, x-flip now'],
  [['--validation', '0.2'], '--validation none then, 0.2 now'],
  [['--xflip', 'false'], '--xflip true then, false now'],
  [['--channels', '16'], '--channels 32 then, 16 now'],
  [['--attn-resolutions', '4'], '--attn-resolutions none then, 4 now'],
  [['--cond', 'false'], '--cond true then, false now'],
  [['--posterior', 'mean'], '--posterior none then, mean now'],
  [['--switch', 'bias=true'], '--switch bias=false then, bias=true now'],
];

describe('what may not change is refused, each by name with both values, and nothing is touched', () => {
  test.each(REFUSED)('%s', async (argv, message) => {
    const before = contents();
    expect(await resume(...argv)).toBe(2);
    expect(printed.text).toContain(`got others (${message}). Leave them out, or train anew in another --outdir`);
    for (const option of CHANGEABLE) expect(printed.text).toContain(option);
    expect(contents()).toEqual(before);
  });

  test('an option of the config’s own is no change', async () => {
    expect(await resume('--switch', 'attention=cosine', '--switch', 'bias=false', '--dry-run'), printed.text).toBe(0);
  });
});

describe('a run that has seen what is asked for says so and changes nothing', () => {
  test.each([[[]], [['--duration', '1000']], [['--duration', '600']], [['--status', '1000']]])('%j', async (argv) => {
    const before = contents();
    expect(await resume(...argv)).toBe(0);
    expect(printed.text).toMatch(/run has seen 1,000 images, and --duration \d+ asks for no more: nothing was done/);
    expect(printed.text).toMatch(/To train on: .*--resume --outdir .*run --duration 2000/);
    expect(contents()).toEqual(before);
  });
});

describe('data that have changed are described', () => {
  const changed = (change: (folder: string) => void): string => {
    const folder = at('changed');
    rmSync(folder, { recursive: true, force: true });
    cpSync(at('images'), folder, { recursive: true });
    change(folder);
    return folder;
  };
  test.each<[string, (folder: string) => void, RegExp]>([
    ['one is gone', (f) => rmSync(join(f, 'class0/2.png')), /\(6 images then, 5 images now; gone: class0\/2\.png\)/],
    [
      'one is new',
      (f) => writeFileSync(join(f, 'class1/x.png'), png(9)),
      /6 images then, 7 images now; new: class1\/x\.png\)/,
    ],
    [
      'one was replaced',
      (f) => copyFileSync(join(f, 'class0/0.png'), join(f, 'class1/1.png')),
      /6 images now; of another size: class1\/1\.png\)/,
    ],
    [
      'a class was renamed',
      (f) => renameSync(join(f, 'class1'), join(f, 'klass')),
      /gone: class1\/1\.png, class1\/3\.png, class1\/5\.png; new: klass/,
    ],
    [
      'all are larger',
      (f) => {
        for (let i = 0; i < 6; i++) writeFileSync(join(f, `class${i % 2}/${i}.png`), png(i, 16));
      },
      /resolution 8 then, 16 now; of another size: .* and 1 more\)/,
    ],
  ])('%s', async (_, change, message) => {
    const folder = changed(change);
    expect(await resume('--data', folder, '--duration', '2000')).toBe(2);
    expect(printed.text).toMatch(/--resume: expected the images that .*run was begun with, got others at .*changed \(/);
    expect(printed.text).toMatch(message);
    expect(printed.text).not.toMatch(/[0-9a-f]{32}/);
  });

  test('the same at another place go on, and that place is kept; what a killed process left half-written is removed', async () => {
    const folder = changed(() => {});
    writeFileSync(join(run, '.training-state-0000002.safetensors.999999999.0123abcd.tmp'), 'x');
    expect(await resume('--data', folder, '--duration', '2000'), printed.text).toBe(0);
    expect(stored()).toEqual({ ...config, data: folder, duration: 2000 });
    // Neither that nor a lock.
    expect(readdirSync(run).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('that are no longer there: asked for by name', async () => {
    writeFileSync(join(run, 'config.json'), JSON.stringify({ ...config, data: at('moved') }));
    expect(await resume()).toBe(2);
    expect(printed.text).toMatch(
      /expected the images of .*run at .*moved, where they were .*Name their place with --data/,
    );
  });
});

test('one process writes to a run; the other is told which', async () => {
  const lock = await lockFolder(run, 'other');
  const before = contents();
  expect(await resume('--duration', '2000')).toBe(1);
  expect(printed.text).toMatch(new RegExp(`only one that writes to .*run, got process ${process.pid} on this machine`));
  expect(contents()).toEqual(before);
  await lock.release();
});

test('nothing to resume', async () => {
  expect(await runProgram(['--resume'])).toBe(2);
  expect(printed.text).toMatch(/--resume: expected the folder of a run, got nothing. Name it with --outdir/);
  expect(await runProgram(['--resume', '--outdir', at('nowhere')])).toBe(2);
  expect(printed.text).toMatch(/--resume: expected the folder of a run, got .*nowhere without a config\.json/);
  expect(existsSync(at('nowhere'))).toBe(false);
});

test('a ladder’s run goes on with the ladder', async () => {
  writeFileSync(join(run, 'config.json'), JSON.stringify({ ...config, preset: 'ladder', data: 'mnist' }));
  expect(await resume()).toBe(2);
  expect(printed.text).toMatch(
    /part of a ladder\. The ladder goes on with its own command: npm run ladder -- --outdir/,
  );
});

test('docs/reliability.md lists what may change', () => {
  const page = readFileSync(new URL('../../../docs/reliability.md', import.meta.url), 'utf8');
  const [, list = ''] = /These may be given anew: ([\s\S]*?)\. Everything else/.exec(page) ?? [];
  expect([...list.matchAll(/`(--[a-z-]+)`/g)].map(([, option]) => option).sort()).toEqual([...CHANGEABLE].sort());
});

test('every option in the table that may not change is tried above', () => {
  const fixed = Object.values(ON_RESUME).flatMap(({ option, may }) =>
    !may && option.startsWith('--') ? [option] : [],
  );
  const tried = REFUSED.map(([argv]) => argv[0]);
  // Of the main job alone.
  expect(fixed.filter((option) => option !== '--smoke' && !tried.includes(option))).toEqual([]);
});
