import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '@edm2/tensor-files';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'make-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('makes what is missing, and names the outermost', async () => {
  const deep = join(folder, 'a', 'b', 'c');
  expect(await makeFolder(deep)).toBe(join(folder, 'a'));
  expect(existsSync(deep)).toBe(true);
  expect(await makeFolder(deep)).toBeUndefined();
  expect(await makeFolder(join(folder, 'a', 'd'))).toBe(join(folder, 'a', 'd'));
});

it('is refused by a file of that name, here or above', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(makeFolder(file)).rejects.toThrow('EEXIST');
  await expect(makeFolder(join(file, 'below'))).rejects.toThrow('ENOTDIR');
});

// `mkdir(…, { recursive: true })` never returns here.
it.skipIf(!existsSync('/proc/self'))('ends where no folder can be made (skipped without /proc)', async () => {
  await expect(makeFolder('/proc/no-such-folder/below')).rejects.toThrow('ENOENT');
});
