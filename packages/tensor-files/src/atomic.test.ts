import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '@edm2/tensor-files';
import { afterEach, beforeEach, expect, it } from 'vitest';

let directory = '';
let path = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'atomic-'));
  path = join(directory, 'x.txt');
});
afterEach(() => rm(directory, { recursive: true }));

it('writes text, bytes and chunks, replacing what was there', async () => {
  await writeFileAtomic(path, 'Grüße');
  expect(await readFile(path, 'utf8')).toBe('Grüße');
  await writeFileAtomic(path, Uint8Array.of(1, 2));
  await writeFileAtomic(
    path,
    (function* () {
      yield Uint8Array.of(3);
      yield Uint8Array.of(4, 5);
    })(),
  );
  expect([...(await readFile(path))]).toEqual([3, 4, 5]);
  expect(await readdir(directory)).toEqual(['x.txt']);
});

it('shows nothing under the final name before the end', async () => {
  const seen: string[][] = [];
  async function* chunks() {
    yield Uint8Array.of(1);
    seen.push(await readdir(directory));
  }
  await writeFileAtomic(path, chunks());
  expect(seen[0]).toHaveLength(1);
  expect(seen[0]).not.toContain('x.txt');
});

it.each([
  ['a producer’s failure', Object.assign(new Error('lost'), {}), /^lost$/],
  [
    'a full disk, with the remedy',
    Object.assign(new Error('write'), { code: 'ENOSPC' }),
    /room on the disk for .*x\.txt, got ENOSPC \(a full disk\)\. Free/,
  ],
])('%s leaves the old file and nothing else', async (_, error, text) => {
  await writeFile(path, 'old');
  async function* chunks() {
    yield Uint8Array.of(1);
    throw error;
  }
  await expect(writeFileAtomic(path, chunks())).rejects.toThrow(text);
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(directory)).toEqual(['x.txt']);
});

it('stops at an abort', async () => {
  const signal = AbortSignal.abort(new Error('stopped'));
  await expect(writeFileAtomic(path, 'x', { signal })).rejects.toThrow('stopped');
  expect(await readdir(directory)).toEqual([]);
});
