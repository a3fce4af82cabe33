import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UsageError } from './errors.js';
import { expectFile, expectFolder, expectNew } from './expect-destination.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-destination-'));
const at = (...names: string[]): string => join(scratch, ...names);
beforeAll(() => {
  mkdirSync(at('folder'));
  writeFileSync(at('file'), 'x');
});
afterAll(() => rmSync(scratch, { recursive: true }));

test('a file: new, or one that may be replaced', async () => {
  expect(await expectFile('--dest', at('new'))).toBe(false);
  expect(await expectFile('--dest', at('deep', 'er', 'new'))).toBe(false);
  expect(await expectFile('--dest', at('file'), true)).toBe(true);
  await expect(expectFile('--dest', at('file'))).rejects.toThrow(/--dest: expected a new file.*--overwrite/);
  await expect(expectFile('--dest', at('folder'), true)).rejects.toThrow(/the name of a file, got .*, a folder/);
  await expect(expectFile('--dest', '')).rejects.toThrow(UsageError);
  await expect(expectFile('--dest', at('file', 'x'))).rejects.toThrow(/--dest: expected folders on the way.*ENOTDIR/);
});

test('a name that nothing has yet', async () => {
  await expectNew('--dest', at('a', 'new.zip'));
  for (const name of ['file', 'folder'])
    await expect(expectNew('--dest', at(name))).rejects.toThrow(/--dest: expected a new name, got the .*there already/);
});

test('a folder: new or there', async () => {
  await expectFolder('--outdir', at('folder'));
  await expectFolder('--outdir', at('a', 'b'));
  await expect(expectFolder('--outdir', at('file'))).rejects.toThrow(/--outdir: expected a folder, got .*, a file/);
});

// Root may write anywhere.
test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a folder that may not be written to (skipped as root and on Windows)',
  async () => {
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0o500);
    await expect(expectFile('--dest', at('closed', 'x'))).rejects.toThrow(/permitted .*EACCES/);
    await expect(expectFolder('--dest', at('closed', 'x'))).rejects.toThrow(/permitted .*EACCES/);
  },
);
