import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPrinted } from '@edm2/app-kit/command/printed.fixture';
import { decode } from 'fast-png';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from './program.js';
import { writeRun } from './run.fixture.js';

// PER_TENSOR_OUT keeps the picture for a look.
const scratch = process.env['PER_TENSOR_OUT'] || mkdtempSync(join(tmpdir(), 'edm2-per-tensor-'));
const at = (...names: string[]): string => join(scratch, ...names);
beforeAll(() => writeRun(scratch));
afterAll(() => {
  if (!process.env['PER_TENSOR_OUT']) rmSync(scratch, { recursive: true, force: true });
});
const printed = keepPrinted();

const sweep = (...argv: string[]): Promise<number> =>
  runProgram([
    'sweep',
    ...['--engine', 'onnxruntime', '--threads', '1', '--indir', at('run')],
    ...['--features', at('classifier.safetensors'), '--ref', at('reference.safetensors')],
    ...['--num', '8', '--steps', '3', ...argv],
  ]);

test('wrong usage is refused in one sentence', async () => {
  const tensors = ['--per-tensor', '*.emb_*'];
  for (const [argv, message] of [
    [
      ['--per-tensor', 'emb'],
      /--per-tensor: expected a pattern of tensor names such as unet\.\S+, unet\..*, got emb, which fits none/,
    ],
    [[...tensors, '--sigma-rel', '0.1,0.2'], /--sigma-rel: expected one length with --per-tensor/],
    [[...tensors, '--refine', '1'], /--per-tensor: expected no --refine/],
    [[...tensors, '--guidance', '1,2'], /--guidance: expected one value with --per-tensor, got 2/],
    [['--lengths', '0.1'], /--lengths: expected --per-tensor as well/],
  ] as const) {
    printed.text = '';
    expect(await sweep('--outdir', at('never'), ...argv), argv.join(' ')).toBe(2);
    expect(printed.text).toMatch(message);
  }
});

test('curves of tensors beside that of all; records of a sweep and of an interrupted run are taken up', async () => {
  const scores = at('out', 'scores.jsonl');
  const lines = (): string[] => readFileSync(scores, 'utf8').trim().split('\n');
  expect(await sweep('--outdir', at('out'), '--sigma-rel', '0.06,0.12', '--refine', '0'), printed.text).toBe(0);
  expect(lines()).toHaveLength(2);
  const argv = [
    '--outdir',
    at('out'),
    '--per-tensor',
    '*.emb_*',
    '--per-tensor',
    '*.conv_res0.*',
    '--lengths',
    '0.06,0.18',
  ];

  printed.text = '';
  expect(await sweep(...argv), printed.text).toBe(0);
  expect(printed.text).toMatch(/^\*\.conv_res0\.\*: \d+ of \d+ tensors, [\d.]+ % of the numbers$/m);
  expect(printed.text).toMatch(/σ_rel 0\.06, not guided: .*\(found before\)/);
  const [, others = ''] =
    /the others stay at σ_rel ([\d.]+), the best of 3 that all tensors shared/.exec(printed.text) ?? [];
  expect(printed.text).toMatch(/^all tensors +best at /m);
  const json = JSON.parse(readFileSync(at('out', 'per-tensor.json'), 'utf8'));
  expect(json.others).toBe(Number(others));
  const sets = json.curves.map(({ tensors, points }: { tensors: string | null; points: { sigmaRel: number }[] }) => [
    tensors,
    points.map(({ sigmaRel }) => sigmaRel),
  ]);
  const varied = [...new Set([0.06, 0.18, Number(others)])].sort((a, b) => a - b);
  expect(sets).toEqual([
    [null, [0.06, 0.12, 0.18]],
    ['*.emb_*', varied],
    ['*.conv_res0.*', varied],
  ]);
  // Tensors of another length draw other images: with all else alike the scores differ, but where the curves meet.
  const meansAt = (length: number): number[] =>
    json.curves.map(
      ({ points }: { points: { sigmaRel: number; score: { mean: number } }[] }) =>
        points.find(({ sigmaRel }) => sigmaRel === length)?.score.mean,
    );
  expect(new Set(meansAt(Number(others))).size).toBe(1);
  for (const length of varied.filter((each) => each !== Number(others))) expect(new Set(meansAt(length)).size).toBe(3);
  expect(decode(readFileSync(at('out', 'per-tensor.png'))).width).toBe(1200);
  // Mixed averages take the room of a network each, and are gone.
  const [run = ''] = readdirSync(at('out', 'averages'));
  expect(readdirSync(at('out', 'averages', run)).filter((name) => !name.startsWith('phema-'))).toEqual([]);

  const all = lines();
  expect(all).toHaveLength(3 + 2 * (varied.length - 1));
  // As an interruption leaves it, the last line cut off.
  writeFileSync(scores, `${all.slice(0, 4).join('\n')}\n${all[4]?.slice(0, 30)}`);
  printed.text = '';
  expect(await sweep(...argv), printed.text).toBe(0);
  const withoutTimes = (some: readonly string[]) => some.map((line) => ({ ...JSON.parse(line), seconds: 0 }));
  expect(lines().slice(0, 4)).toEqual(all.slice(0, 4));
  expect(withoutTimes(lines())).toEqual(withoutTimes(all));
  expect(JSON.parse(readFileSync(at('out', 'per-tensor.json'), 'utf8')).curves).toEqual(json.curves);

  // Everything is known: nothing is drawn, whatever the order of the patterns.
  const again = [...argv, '--sigma-rel', others];
  expect(await sweep(...again), printed.text).toBe(0);
  expect(lines()).toHaveLength(all.length);
  expect(printed.text).toMatch(/the others stay at σ_rel [\d.]+, as given/);
  // An approximate average of the others is warned of, also when its score is known.
  for (const found of [false, true]) {
    printed.text = '';
    expect(await sweep(...again.slice(0, -1), '0.26', '--lengths', '0.06'), printed.text).toBe(0);
    expect(/^σ_rel 0\.26, not guided: (.*)$/m.exec(printed.text)?.[1]?.endsWith('(found before)')).toBe(found);
    expect(printed.text).toMatch(/^warning: sigmaRel 0\.26: the snapshots allow only an approximation/m);
  }
});
