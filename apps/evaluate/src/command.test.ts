import '@tensorflow/tfjs';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StartedCommand, startCommand } from '@edm2/app-kit/command/start-command.fixture';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeRun } from './run.fixture.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-evaluate-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const command = fileURLToPath(new URL('../bin/edm2-evaluate.js', import.meta.url));
const at = (...names: string[]): string => join(scratch, ...names);

const start = (...args: string[]): StartedCommand => startCommand(command, args, scratch);

/** Ctrl-C when a file of that name was made, or added to, so many times; the command to go on with. */
async function interruptAt(path: RegExp, times: number, args: readonly string[]): Promise<string[]> {
  const { code, printed } = await startCommand(command, args, scratch, { signal: 'SIGINT', path, times }).ended;
  expect(code, printed).toBe(130);
  const [, typed = ''] = /Go on with: node \S+\/bin\/edm2-evaluate\.js (.*)$/m.exec(printed) ?? [];
  expect(typed, printed).not.toBe('');
  return typed.split(' ');
}

const FAST = ['--engine', 'onnxruntime', '--threads', '1'];
const SCORED = ['--features', 'classifier.safetensors', '--ref', 'reference.safetensors', '--metrics', 'fd,is'];

// The command is a bundle, made by `npm run build`; the tests of the sources run before it.
describe.skipIf(!process.env['TEST_BUILT'])('edm2-evaluate as a process, interrupted by Ctrl-C', () => {
  beforeAll(() => writeRun(scratch));

  test('generate goes on to the same images', async () => {
    const argv = ['generate', ...FAST, '--net', 'run/network-snapshot-0000002-0.100.safetensors', '--seeds', '0-89'];
    const rest = ['--batch', '4', '--steps', '12', '--S_churn', '10'];
    const images = (folder: string) => readdirSync(at(folder)).filter((name) => name.endsWith('.png'));
    expect((await start(...argv, ...rest, '--outdir', 'whole').ended).code).toBe(0);
    const typed = await interruptAt(/parts.000007\.png$/, 1, [...argv, ...rest, '--outdir', 'parts']);
    expect(images('parts').length).toBeLessThan(90);
    expect(readdirSync(at('parts')).some((name) => name.endsWith('.tmp'))).toBe(false);
    expect(await start(...typed).ended).toMatchObject({ code: 0, printed: expect.stringMatching(/are there already/) });
    expect(images('parts')).toEqual(images('whole'));
    for (const name of images('whole'))
      expect(readFileSync(at('parts', name)).equals(readFileSync(at('whole', name))), name).toBe(true);
  });

  test('metrics gen goes on to the same figures', async () => {
    const argv = ['metrics', 'gen', ...FAST, '--net', 'run/network-snapshot-0000002-0.100.safetensors', ...SCORED];
    const rest = ['--num', '42', '--draws', '2', '--batch', '4', '--steps', '10', '--json', '--work'];
    const json = (printed: string) => /^\{.*\}$/m.exec(printed)?.[0];
    const whole = await start(...argv, ...rest, 'work-whole').ended;
    expect(whole.code, whole.printed).toBe(0);
    expect(readdirSync(at('work-whole'))).toEqual([]);
    const kept = () => (existsSync(at('work')) ? readdirSync(at('work')) : []);
    // In the second of the draws.
    const typed = await interruptAt(/\.judged$/, 12, [...argv, ...rest, 'work']);
    expect(kept()).toHaveLength(2);
    const again = await start(...typed).ended;
    expect(json(again.printed)).toBe(json(whole.printed));
    expect(json(again.printed)).toMatch(/"key":"is"/);
    expect(kept()).toEqual([]);
  });

  test('sweep goes on to the same scores', async () => {
    const argv = ['sweep', ...FAST, '--indir', 'run', ...SCORED, '--num', '12', '--steps', '6', '--batch', '12'];
    const rest = ['--sigma-rel', '0.06,0.1', '--guidance', '1,2', '--guide-sigma-rel', '0.1', '--guide-t', '1Ki'];
    const all = [...argv, ...rest, '--refine', '1', '--outdir'];
    const results = (folder: string) => JSON.parse(readFileSync(at(folder, 'sweep.json'), 'utf8')).results;
    const whole = await start(...all, 'sweep-whole').ended;
    expect(whole.code, whole.printed).toBe(0);
    const typed = await interruptAt(/scores\.jsonl$/, 1, [...all, 'sweep-parts']);
    expect(existsSync(at('sweep-parts', 'sweep.json'))).toBe(false);
    expect(await start(...typed).ended).toMatchObject({ code: 0, printed: expect.stringMatching(/\(found before\)/) });
    expect(results('sweep-parts')).toEqual(results('sweep-whole'));
    expect(results('sweep-whole').length).toBeGreaterThan(4);
  });
});
