import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLockFile, LockedError, lockFile, lockFolder, removeLeftovers } from '@edm2/tensor-files';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stateOf, thisProcess } from './process-identity.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A lock as another process would have left it. */
function left(changes: object = {}, name = '.lock-123-0123abcd.json'): string {
  const file = join(folder, name);
  const since = '2026-01-02T03:04:05.678Z';
  writeFileSync(file, JSON.stringify({ ...thisProcess(), since, ...changes }));
  return file;
}

/** A process that waits; ends when it is killed. */
async function start() {
  const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)']);
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

const refused = (): Promise<LockedError> =>
  lockFolder(folder, 'train').then(
    () => {
      throw new Error('not refused');
    },
    (error) => error,
  );

test('one at a time; when it is given back, nothing is left', async () => {
  const lock = await lockFolder(folder, 'train');
  expect(readdirSync(folder).every(isLockFile)).toBe(true);
  const error = await refused();
  expect(error).toBeInstanceOf(LockedError);
  expect(error).toMatchObject({ code: 'LOCKED', holder: { pid: process.pid, host: hostname() }, file: lock.file });
  expect(error.message).toMatch(
    new RegExp(
      `^train: expected to be the only one that writes to ${folder}, got process ${process.pid} on this machine, which has done so since \\d{4}-.*Z\\. Wait for its end, or stop it with: kill ${process.pid}$`,
    ),
  );
  await lock.release();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
  await (await lockFolder(folder, 'train')).release();
});

test('of many that begin together, one at most holds it at any time', async () => {
  let holding = 0;
  let most = 0;
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const lock = await lockFolder(folder, 'train').catch((error: unknown) => error);
      if (lock instanceof Error) return lock instanceof LockedError ? 'refused' : lock;
      most = Math.max(most, ++holding);
      await new Promise((done) => setTimeout(done, 5));
      holding--;
      await (lock as { release(): Promise<void> }).release();
      return 'held';
    }),
  );
  expect(outcomes.filter((each) => each !== 'held' && each !== 'refused')).toEqual([]);
  expect(most).toBeLessThanOrEqual(1);
  expect(readdirSync(folder)).toEqual([]);
});

describe('what is left over', () => {
  test('by a process that runs counts, by one that was killed does not', async () => {
    const other = await start();
    const file = left({ pid: other.pid, started: '' });
    expect((await refused()).holder.pid).toBe(other.pid);
    await other.kill();
    await (await lockFolder(folder, 'train')).release();
    expect(existsSync(file)).toBe(false);
  });

  // Windows does not say when a process was started.
  test.skipIf(process.platform === 'win32')('by one whose number is another’s now does not', async () => {
    const file = left({ started: `${thisProcess().started}0` });
    await (await lockFolder(folder, 'train')).release();
    expect(existsSync(file)).toBe(false);
  });

  test('on another machine counts, whatever its number, and the file to delete is named', async () => {
    const file = left({ host: 'node-7', pid: 2 ** 22 + 5 });
    const { message } = await refused();
    expect(message).toMatch(/got a lock of process 4194309 in the machine node-7, of 2026-01-02T03:04:05.678Z/);
    expect(message).toContain(`if it runs no longer, delete ${file}`);
    expect(readdirSync(folder)).toEqual(['.lock-123-0123abcd.json']);
  });

  test('in another container counts', async () => {
    left({ space: 'pid:[1]', pid: 2 ** 22 + 5 });
    expect((await refused()).message).toMatch(/in another container on /);
  });

  test.each([
    ['nothing', ''],
    ['half a lock', '{"pid": 12, "ho'],
    ['a number that signals everybody', JSON.stringify({ ...thisProcess(), pid: -1, since: '' })],
    ['another file', '[]'],
  ])('as %s does not', async (_, text) => {
    writeFileSync(join(folder, '.lock-123-0123abcd.json'), text);
    await (await lockFolder(folder, 'train')).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('under other names is none of ours', async () => {
    left({}, '.lock');
    left({}, '.x.lock-123-0123abcd.json');
    left({}, 'lock-123-0123abcd.json');
    await (await lockFolder(folder, 'train')).release();
    expect(readdirSync(folder)).toHaveLength(3);
  });
});

test.skipIf(process.platform !== 'linux')(
  'a process that has ended and was not asked how (Linux keeps its number)',
  async () => {
    // The shell's child ends; the shell does not ask for it while it is stopped.
    const shell = spawn('sh', ['-c', 'sleep 0.05 & echo $!; kill -STOP $$']);
    const [line] = await once(shell.stdout, 'data');
    const pid = Number(String(line));
    const holder = { ...thisProcess(), pid, started: '' };
    await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /), { timeout: 10_000 });
    expect(() => process.kill(pid, 0)).not.toThrow();
    expect(stateOf(holder)).toBe('ended');
    shell.kill('SIGKILL');
  },
);

test('a jump of the clock changes nothing', async () => {
  const lock = await lockFolder(folder, 'train');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1000 * 24 * 3600 * 1000 });
  try {
    expect(await refused()).toBeInstanceOf(LockedError);
  } finally {
    vi.useRealTimers();
  }
  await lock.release();
});

test('folders that were made for it go with it while they are empty', async () => {
  const inner = join(folder, 'a/b');
  const lock = await lockFolder(inner, 'train');
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
  const kept = await lockFolder(inner, 'train');
  writeFileSync(join(folder, 'a/x'), '');
  await kept.release();
  expect(readdirSync(join(folder, 'a'))).toEqual(['x']);
});

test('beside a file, there or not; another file’s does not count', async () => {
  const path = join(folder, 'latents.zip');
  const lock = await lockFile(path, 'encode');
  await expect(lockFile(path, 'encode')).rejects.toThrow(/^encode: expected .* writes to .*latents\.zip, got process/);
  await (await lockFile(join(folder, 'other.zip'), 'encode')).release();
  await (await lockFolder(folder, 'train')).release();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that cannot be made is an error of the one who asks', async () => {
  writeFileSync(join(folder, 'file'), '');
  await expect(lockFolder(join(folder, 'file/x'), 'train')).rejects.toThrow(/^train: expected .*file\/x.*got ENOTDIR/);
});

test('half-written files of processes that have ended are removed, no others', async () => {
  const other = await start();
  const names = [`.a.json.${other.pid}.0123abcd.tmp`, `.b.${process.pid}.0123abcd.tmp`, `.c.${other.pid}.tmp`, 'x.tmp'];
  for (const name of names) writeFileSync(join(folder, name), 'x');
  expect(await removeLeftovers(folder)).toEqual([]);
  await other.kill();
  expect(await removeLeftovers(folder, 'b')).toEqual([]);
  expect(await removeLeftovers(folder, 'a.json')).toEqual(names.slice(0, 1));
  expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort());
  mkdirSync(join(folder, 'sub'));
  expect(await removeLeftovers(join(folder, 'nowhere'))).toEqual([]);
});

test('a lock that was half written by a process that has ended goes with the next one', async () => {
  const [ours, other] = ['..lock-999999999-0123abcd.json.999999999.0123abcd.tmp', '.a.bin.999999999.0123abcd.tmp'];
  for (const name of [ours, other]) writeFileSync(join(folder, name), '{');
  await (await lockFolder(folder, 'train')).release();
  expect(readdirSync(folder)).toEqual([other]);
});
