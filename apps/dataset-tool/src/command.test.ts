import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StartedCommand, startCommand } from '@edm2/app-kit/command/start-command.fixture';
import { goldenPath } from '@edm2/test-support';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-dataset-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const at = (...names: string[]): string => join(scratch, ...names);
const command = fileURLToPath(new URL('../bin/edm2-dataset.js', import.meta.url));
const VAE = dirname(goldenPath('vae-tiny/config.json'));
/** More than are converted before threads are started. */
const PHOTOS = 64;
/** One that a thread reads. */
const LATE = 'b/50.png';

function photo(folder: string, name: string, width: number, height: number, seed: number): void {
  mkdirSync(dirname(at(folder, name)), { recursive: true });
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i % 97) * seed) % 256);
  writeFileSync(at(folder, name), encode({ width, height, channels: 3, depth: 8, data }));
}

beforeAll(() => {
  for (const folder of ['photos', 'damaged'])
    for (let i = 0; i < PHOTOS; i++) photo(folder, `${i % 2 ? 'a' : 'b'}/${i}.png`, 40 + (i % 7), 33 + (i % 5), i);
  const whole = readFileSync(at('damaged', LATE));
  writeFileSync(at('damaged', LATE), whole.subarray(0, whole.length / 2));
  for (let i = 0; i < 80; i++) photo('square', `${i}.png`, 64, 64, i);
});

const start = (...args: string[]): StartedCommand => startCommand(command, args, scratch);
const SMALL = ['--transform', 'center-crop', '--resolution', '16'];
const convert = (source: string, dest: string, ...more: string[]) =>
  start('convert', '--source', source, '--dest', dest, ...SMALL, ...more);
const encodeTo = (dest: string, ...more: string[]) =>
  start(
    'encode',
    '--source',
    'square',
    '--dest',
    dest,
    '--vae',
    VAE,
    '--batch',
    '2',
    '--engine',
    'onnxruntime',
    ...more,
  );
const bytes = (name: string): string => readFileSync(at(name)).toString('base64');
/** Files below a folder that is not there yet: none. */
const count = (folder: string): number =>
  statSync(at(folder), { throwIfNoEntry: false }) ? readdirSync(at(folder), { recursive: true }).length : 0;

/** Processes that a command has started. */
function children(pid: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  return rows.flatMap(([child, parent]) => (child !== undefined && parent === pid ? [child] : []));
}
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

// The command is a bundle, made by `npm run build`; threads and processes of its own are started from nothing else.
describe.skipIf(!process.env['TEST_BUILT'])('edm2-dataset convert in threads', () => {
  test('the same bytes as in one thread', async () => {
    const one = await convert('photos', 'one.zip', '--threads', '1').ended;
    const four = await convert('photos', 'four.zip', '--threads', '4').ended;
    expect([one.code, four.code], one.printed + four.printed).toEqual([0, 0]);
    expect(bytes('four.zip')).toBe(bytes('one.zip'));
    expect(four.printed).toMatch(/64 images of 16×16, RGB → four\.zip/);
  });

  test('a damaged file that a thread meets is passed over by name, as one thread does', async () => {
    const one = await convert('damaged', 'd-one.zip', '--threads', '1').ended;
    const four = await convert('damaged', 'd-four.zip', '--threads', '4').ended;
    expect([one.code, four.code], one.printed + four.printed).toEqual([0, 0]);
    expect(bytes('d-four.zip')).toBe(bytes('d-one.zip'));
    for (const { printed } of [one, four])
      expect(printed).toMatch(/passed over 1: damaged, such as b\/50\.png: .*expected an intact PNG/);
  });

  test('interrupted, it keeps what is done and goes on to the same bytes', async () => {
    for (let i = 0; i < 400; i++) photo('many', `${i}.png`, 90, 70, i);
    const whole = await convert('many', 'whole.zip', '--threads', '1').ended;
    expect(whole.code, whole.printed).toBe(0);
    const { child, ended } = convert('many', 'parts.zip', '--threads', '3');
    await vi.waitFor(() => expect(count('parts.zip.partial')).toBeGreaterThan(30), { timeout: 60_000, interval: 2 });
    child.kill('SIGINT');
    const first = await ended;
    expect(first.code, first.printed).toBe(130);
    expect(first.printed).toMatch(/what is converted waits in parts\.zip\.partial\. Go on with the same command/);
    expect(statSync(at('parts.zip'), { throwIfNoEntry: false })).toBeUndefined();
    const second = await convert('many', 'parts.zip', '--threads', '2').ended;
    expect(second.code, second.printed).toBe(0);
    expect(bytes('parts.zip')).toBe(bytes('whole.zip'));
  });
});

describe.skipIf(!process.env['TEST_BUILT'])('edm2-dataset encode in processes', () => {
  test('the same bytes as in one process', async () => {
    const one = await encodeTo('latents-one.zip').ended;
    const three = await encodeTo('latents-three.zip', '--processes', '3').ended;
    expect([one.code, three.code], one.printed + three.printed).toEqual([0, 0]);
    expect(three.printed).toMatch(/3 processes that encode, \d+ threads? each/);
    expect(bytes('latents-three.zip')).toBe(bytes('latents-one.zip'));
    expect(bytes('latents-three.raw-statistics.json')).toBe(bytes('latents-one.raw-statistics.json'));
  });

  test.each(['SIGINT', 'SIGKILL'] as const)(
    '%s ends all of them, and the same command goes on to the same bytes',
    async (signal) => {
      const dest = `latents-${signal}.zip`;
      const { child, ended } = encodeTo(dest, '--processes', '2', '--threads', '2');
      await vi.waitFor(() => expect(count(`${dest}.partial`)).toBeGreaterThan(3), { timeout: 60_000, interval: 2 });
      const started = children(child.pid);
      expect(started).toHaveLength(2);
      child.kill(signal);
      const first = await ended;
      if (signal === 'SIGINT') expect(first.code, first.printed).toBe(130);
      // One whose starter was killed ends after the batch that it is at.
      await vi.waitFor(() => expect(started.filter(lives)).toEqual([]), { timeout: 60_000 });
      const second = await encodeTo(dest, '--processes', '2').ended;
      expect(second.code, second.printed).toBe(0);
      expect(second.printed).toMatch(/going on: \d+ of 80 images are encoded already/);
      expect(bytes(dest)).toBe(bytes('latents-one.zip'));
    },
  );

  test('one that is ended from outside ends all, with one message', async () => {
    const { child, ended } = encodeTo('latents-lost.zip', '--processes', '2', '--threads', '2');
    await vi.waitFor(() => expect(count('latents-lost.zip.partial')).toBeGreaterThan(3), {
      timeout: 60_000,
      interval: 2,
    });
    const started = children(child.pid);
    process.kill(started[0] as number, 'SIGKILL');
    const { code, printed } = await ended;
    expect(code, printed).toBe(1);
    expect(printed.match(/was ended by/g)).toHaveLength(1);
    expect(printed).toMatch(/a process that encodes was ended by SIGKILL\. Go on with the same command/);
    expect(started.filter(lives)).toEqual([]);
  });
});
