import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, open, readdir, readFile, rename, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFileError, fileErrorCode, writeFileAtomic, writeSafetensors } from '@edm2/tensor-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'file-error-'));
const at = (name: string): string => join(scratch, name);
beforeAll(() => {
  mkdirSync(at('folder/full'), { recursive: true });
  writeFileSync(at('file'), 'x');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const caught = (work: Promise<unknown>): Promise<Error & { code?: string; path?: string }> =>
  work.then(
    () => new Error('nothing was thrown'),
    (error) => error,
  );

describe('errors of a real file system', () => {
  test.each<[string, string, () => Promise<unknown>, RegExp]>([
    ['a file that is not there', 'ENOENT', () => readFile(at('gone')), /expected .*gone to be there, got ENOENT/],
    ['a file on the way', 'ENOTDIR', () => readFile(at('file/x')), /expected folders on the way to .*file\/x/],
    ['a folder for a file', 'EISDIR', () => open(at('folder'), 'w'), /expected a file at .*folder, got EISDIR/],
    ['a folder with something in it', 'ENOTEMPTY', () => rmdir(at('folder')), /expected an empty folder at/],
    ['too long a name', 'ENAMETOOLONG', () => appendFile(at('n'.repeat(300)), ''), /Choose a shorter one/],
    ['a folder over a file', 'ENOTDIR', () => rename(at('folder'), at('file')), /expected folders on the way/],
  ])('%s', async (_, code, work, message) => {
    const error = await caught(work());
    expect(fileErrorCode(error)).toBe(code);
    const explained = explainFileError(error, { fn: 'program', state: 'all else is kept' });
    expect(explained).toMatchObject({ code, cause: error });
    expect((explained as Error).message).toMatch(message);
    expect((explained as Error).message).toMatch(/^program: expected .*, got E[A-Z]+ \(.*\)\. .*; all else is kept\.$/);
    // What is explained is not explained again by whoever catches it next.
    expect(explainFileError(explained, { fn: 'another' })).toBe(explained);
  });
});

test('every other error stays what it is', () => {
  for (const error of [
    new Error('x'),
    new RangeError('y'),
    Object.assign(new Error('z'), { code: 'EPIPE' }),
    'text',
    7,
  ])
    expect(explainFileError(error, { fn: 'program' })).toBe(error);
  expect(fileErrorCode(Object.assign(new Error(), { code: 'constructor' }))).toBeUndefined();
});

test('a write names the folder that is missing, and the file in any other case', async () => {
  const nowhere = at('nowhere/x.json');
  const error = await caught(writeFileAtomic(nowhere, 'x'));
  expect(error.message).toMatch(/^writeFileAtomic: expected .*\/nowhere to be there, got ENOENT/);
  const tensors = { a: { shape: [1], data: Float32Array.of(1) } };
  expect(await caught(writeSafetensors(at('file/x.safetensors'), tensors))).toMatchObject({
    code: 'ENOTDIR',
    message: expect.stringMatching(/^writeSafetensors: .*\/file, got ENOTDIR .*nothing was left half-written\.$/),
  });
  const occupied = await caught(writeFileAtomic(at('folder'), 'x'));
  expect(occupied.message).toMatch(/^writeFileAtomic: expected .*\/folder.*, got E/);
  expect((await readdir(scratch)).sort()).toEqual(['file', 'folder']);
});

test('what a producer could not read is not blamed on the file that is written', async () => {
  async function* chunks() {
    yield await readFile(at('gone'));
  }
  const error = await caught(writeFileAtomic(at('out'), chunks()));
  expect(error).toMatchObject({ code: 'ENOENT', path: at('gone'), syscall: 'open' });
});

// Root may write anywhere.
test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a folder that may not be written to (skipped as root and on Windows)',
  async () => {
    const folder = at('folder/full');
    chmodSync(folder, 0o500);
    const error = await caught(writeFileAtomic(join(folder, 'x'), 'x'));
    expect(error.message).toMatch(/expected to be permitted to use .*full\/x, got EACCES .*Change its permissions/);
    chmodSync(folder, 0o700);
  },
);

test.skipIf(process.platform !== 'linux')('a full device (Linux has one)', async () => {
  const handle = await open('/dev/full', 'w');
  const error = await caught(handle.write('x').finally(() => handle.close()));
  const explained = explainFileError(error, { fn: 'training', path: 'log.jsonl' }) as Error;
  expect(explained.message).toBe(
    'training: expected room on the disk for log.jsonl, got ENOSPC (a full disk). Free some space, or choose another folder.',
  );
});

test('the table of words has sentences that end with one full stop', () => {
  const source = readFileSync(new URL('./file-error.ts', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/^ {2}(E[A-Z]+):/gm)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(15);
  for (const code of codes) {
    const error = Object.assign(new Error('x'), { code, syscall: 'write' });
    const { message } = explainFileError(error, { fn: 'f', path: 'p' }) as Error;
    expect(message, code).toMatch(
      /^f: expected .*\bp\b.*, got E[A-Z]+ \([^()]+\)\. [A-Z][^.]*(\(ulimit -n\)[^.]*)?\.$/,
    );
  }
});
