import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StartedCommand, startCommand } from '@edm2/app-kit/command/start-command.fixture';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const command = fileURLToPath(new URL('../bin/edm2-train.js', import.meta.url));

beforeAll(() => {
  mkdirSync(join(scratch, 'images'));
  for (let i = 0; i < 32; i++) {
    const data = Uint8Array.from({ length: 64 }, (_, p) => (p * 7 + i * 13) % 256);
    writeFileSync(join(scratch, 'images', `${i}.png`), encode({ width: 8, height: 8, channels: 1, depth: 8, data }));
  }
});

const start = (...args: string[]): StartedCommand => startCommand(command, args, scratch);

const settings = ['--data', 'images', '--duration', '3000', '--batch', '20', '--threads', '1', '--preview', '3000'];
const intervals = ['--checkpoint', '1000', '--snapshot', '1000', '--status', '200'];
const run = (outdir: string, ...more: string[]) => start(...settings, ...intervals, '--outdir', outdir, ...more);
const files = (outdir: string): string[] => readdirSync(join(scratch, outdir)).sort();
const weights = (outdir: string): string[] => files(outdir).filter((name) => name.endsWith('.safetensors'));
const content = (outdir: string, name: string): Buffer => readFileSync(join(scratch, outdir, name));

// The command is a bundle, made by `npm run build`; the tests of the sources run before it.
describe.skipIf(!process.env['TEST_BUILT'])('edm2-train as a process', () => {
  test('exit codes, and messages on the error stream', async () => {
    expect(await start('--help').ended).toMatchObject({ code: 0, printed: expect.stringMatching(/Exit codes/) });
    expect((await start('--data', 'nowhere').ended).code).toBe(1);
    expect((await start('--presett', 'x').ended).code).toBe(2);
  });

  test('a ladder of all seven configs, from the digits to the picture', async () => {
    const small = ['--smoke', '--images', '1000', '--channels', '4', '--draws', '1', '--engine', 'onnxruntime'];
    const { code, printed } = await start('ladder', ...small, '--outdir', 'ladder').ended;
    expect(code, printed).toBe(0);
    const { about, rungs } = JSON.parse(content('ladder', 'ladder.json').toString());
    expect(rungs.map(({ config }: { config: string }) => config)).toEqual([...'ABCDEFG']);
    for (const { config, frechet } of rungs) expect(frechet.mean, config).toBeGreaterThan(0);
    expect(about.command).toMatch(
      new RegExp(`^node \\S+/bin/edm2-train\\.js ladder ${small.join(' ')} --outdir ladder$`),
    );
    expect(content('ladder', 'ladder.png').subarray(1, 4).toString()).toBe('PNG');
    expect(files('ladder')).toEqual(expect.arrayContaining(['ladder.md', 'ladder.svg', ...'ABCDEFG']));
  });

  test('killed, it leaves nothing broken; interrupted, a checkpoint; resumed, the files of a run that never stopped', async () => {
    expect((await run('whole').ended).code).toBe(0);

    // Its first checkpoint is there, and something has been logged after it.
    const parts = [...settings, ...intervals, '--outdir', 'parts'];
    const logged = { path: /log\.jsonl$/, text: /"nimg":1[2-9]\d\d/ };
    await startCommand(command, parts, scratch, { signal: 'SIGKILL', ...logged }).ended;
    expect(weights('parts')).toContain('training-state-0000001.safetensors');
    for (const name of weights('parts').filter((name) => name.startsWith('network')))
      expect(content('parts', name).equals(content('whole', name)), name).toBe(true);

    const resumed = [...parts, '--resume'];
    const { code, printed } = await startCommand(command, resumed, scratch, { signal: 'SIGINT', ...logged }).ended;
    expect(code, printed).toBe(130);
    expect(printed).toMatch(/Continue with: node \S+ --resume --outdir parts$/m);

    expect((await run('parts', '--resume').ended).code).toBe(0);
    expect(weights('parts')).toEqual(weights('whole'));
    for (const name of weights('whole')) expect(content('parts', name).equals(content('whole', name)), name).toBe(true);
    expect(files('parts').some((name) => name.endsWith('.tmp'))).toBe(false);
  });
});
