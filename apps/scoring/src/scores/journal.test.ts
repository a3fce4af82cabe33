import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JudgedPart } from 'edm2/parts';
import { afterAll, expect, test } from 'vitest';
import { openJournal } from './journal.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-journal-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Three features, two logits, of images from `from` on. */
const part = (from: number, count: number): JudgedPart => ({
  features: Float32Array.from({ length: 3 * count }, (_, i) => from + i / 7),
  logits: Float32Array.from({ length: 2 * count }, (_, i) => -from - i),
  agreed: Int8Array.from({ length: count }, (_, i) => ((from + i) % 3) - 1),
});
const readAll = async (path: string, batch: number, total: number) => {
  const parts: JudgedPart[] = [];
  for await (const each of openJournal(path, { dims: 3, classes: 2 }).read(batch, total)) parts.push(each);
  return parts;
};

test('what was appended is read back, in whole batches; half a batch and half a record are cut off', async () => {
  const path = join(scratch, 'a', 'x.judged');
  const journal = openJournal(path, { dims: 3, classes: 2 });
  expect(await readAll(path, 4, 11)).toEqual([]);
  await journal.append(part(0, 4));
  await journal.append(part(4, 4));
  await journal.append(part(8, 2));
  appendFileSync(path, 'cut');
  expect(await readAll(path, 4, 11)).toEqual([part(0, 4), part(4, 4)]);
  expect(statSync(path).size).toBe(8 * 6 * 4);

  // The last batch may be short when it is the last.
  await journal.append(part(8, 3));
  expect(await readAll(path, 4, 11)).toEqual([part(0, 4), part(4, 4), part(8, 3)]);
  await journal.remove();
  expect(existsSync(path)).toBe(false);
});

test.skipIf(!existsSync('/dev/full'))('a full disk is said with the file, and how to go on', async () => {
  await expect(openJournal('/dev/full', { dims: 3, classes: 2 }).append(part(0, 4))).rejects.toThrow(
    /journal: expected room on the disk for \/dev\/full, got ENOSPC .* goes on from the batches that are whole\.$/,
  );
});
