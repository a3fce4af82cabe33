import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-supervise-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const program = join(scratch, 'fixture.js');

beforeAll(() => {
  const tsup = fileURLToPath(new URL('../../../../node_modules/.bin/tsup', import.meta.url));
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const options = ['--config', 'tsup.fixture.ts', '--silent', '--out-dir', scratch];
  const built = spawnSync(tsup, options, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  writeFileSync(join(scratch, 'package.json'), '{"type": "module"}');
  expect(built.status, built.stdout + built.stderr).toBe(0);
});

/** Starts the command; what it has printed so far, and how it ends. */
function start(how: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, how], { env: { ...process.env, ...env } });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
  return {
    child,
    says: (text: string | RegExp) => vi.waitFor(() => expect(printed).toMatch(text), { timeout: 60_000, interval: 10 }),
    ended: new Promise<{ code: number | null; signal: string | null; printed: string }>((resolve) =>
      child.on('close', (code, signal) => resolve({ code, signal, printed })),
    ),
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Longer than signals may lie apart to count as one. */
const later = () => new Promise((resolve) => setTimeout(resolve, 400));

test('exit code, output and the name of the script are those of the work', async () => {
  expect(await start('ends').ended).toEqual({ code: 7, signal: null, printed: 'script fixture.js\n' });
});

test('a fault ends it with code 1', async () => {
  expect(await start('fails').ended).toMatchObject({ code: 1, printed: expect.stringMatching(/a fault of its own/) });
});

describe.each(SIGNALS)('%s', (signal) => {
  test('lets the step end, and what is kept is said', async () => {
    const { child, says, ended } = start('listens');
    await says('at it');
    child.kill(signal);
    const { code, printed } = await ended;
    expect(printed).toMatch(/stopping after this step \(once more to end at once\)\n(.|\n)*interrupted; kept\n$/);
    expect(code).toBe(130);
  });

  test('is heard while a call computes, and the second ends it', async () => {
    const { child, says, ended } = start('blocks');
    await says('at it');
    child.kill(signal);
    await says(/stopping after this step \(once more to end at once\)\n$/);
    await later();
    child.kill(signal);
    // No code: the system ended it by the signal for which shells say 130.
    expect(await ended).toMatchObject({
      code: null,
      signal: 'SIGINT',
      printed: expect.stringMatching(/ended at once; what was written/),
    });
  });

  test('the second ends it as soon as its thread hears', async () => {
    const { child, says, ended } = start('goes-on');
    await says('at it');
    child.kill(signal);
    await says(/stopping after this step/);
    await later();
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 130, printed: expect.stringMatching(/ended at once; what was written/) });
  });
});

test('signals that come together are one', async () => {
  const { child, says, ended } = start('listens');
  await says('at it');
  for (const signal of SIGNALS) child.kill(signal);
  expect((await ended).printed).toMatch(/interrupted; kept\n$/);
});

test('before anything listens, one signal ends it', async () => {
  const { child, says, ended } = start('opens');
  await says('script');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 130, printed: expect.stringMatching(/\ninterrupted\n$/) });
});

test('work that is not heard of is spoken for', async () => {
  const { child, says, ended } = start('blocks', { SILENCE: '60' });
  await says(/working: 3\/10 steps, at work on the next for \d/);
  child.kill('SIGKILL');
  await ended;
});
