import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPowerEma } from '@edm2/phema';
import { runMarkdown, shownCommands } from '@edm2/test-support';
import { afterAll, expect, test } from 'vitest';
import { runPhema } from './node/cli/program.js';
import { writeGoldenRun } from './node/run.fixture.js';

const home = new URL('../', import.meta.url);
const readme = new URL('README.md', home);
const folder = await mkdtemp(join(tmpdir(), 'phema-docs-'));
const before = process.cwd();
afterAll(async () => {
  process.chdir(before);
  await rm(folder, { recursive: true });
});

test('the README’s programs run: track, choose afterwards, files, tensors', async () => {
  const logged = await runMarkdown(readme, home);
  const [kernel0, profileError, ...rest] = logged;
  const direct = createPowerEma<{ kernel: Float32Array }>({ sigmaRels: [0.15] });
  for (let step = 1; step <= 400; step++)
    direct.update({ kernel: Float32Array.of(Math.sin(step / 50)) }, { t: step * 64, dt: 64 });
  expect(profileError).toBeLessThan(0.05);
  expect(kernel0).toBeCloseTo(direct.values(0.15).kernel[0] ?? Number.NaN, 2);
  expect(rest.slice(0, 2)).toEqual([0.12, join('averages', 'phema-0000025-0.120.safetensors')]);
  expect(rest.slice(4, 6)).toEqual([0.15, join('averages', 'phema-0000025-0.150.safetensors')]);
  expect(rest.slice(-4, -2)).toEqual([
    ['0.05', '0.1'],
    [3, 3],
  ]);
  // The cap grows to 1280 only: the initial zeros fade by 2^(−Σ 1/(0.05·step)), to nothing.
  expect(rest.at(-2)).toBe('traditional');
  expect(rest.at(-1)).toBeCloseTo(1, 6);
});

test('the README’s commands run, and print what it shows', async () => {
  await writeGoldenRun(join(folder, 'run'));
  process.chdir(folder);
  const commands = await shownCommands(readme, 'phema');
  expect(commands.map(({ words }) => words[0]).sort()).toEqual(['info', 'plan', 'reconstruct']);
  for (const { words, output } of commands) {
    const printed: string[] = [];
    const code = await runPhema(words, {
      out: (text) => void printed.push(...text.split('\n')),
      err: { write: (text) => void printed.push(text) },
      signal: new AbortController().signal,
    });
    expect(code, printed.join('\n')).toBe(0);
    for (const line of output.split('\n').filter(Boolean)) expect(printed.map(squeezed)).toContain(squeezed(line));
  }
});

const squeezed = (line: string): string => line.trim().replace(/\s+/g, ' ');
