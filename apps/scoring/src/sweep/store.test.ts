import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from './store.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-store-'));
  path = join(folder, 'new', 'scores.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const point = { sigmaRel: 0.1, weight: 1.5, guideSigmaRel: 0.2, interval: [0.2, 2] as const };
const score = { n: 100, figures: { fd: { value: 2.5 }, agreement: { value: 0.9 } } };

test('what was added is found again, by point and draw, for the same settings only', async () => {
  await (await openStore(path, 'a')).add(point, 1, score, 3);
  const again = await openStore(path, 'a');
  expect(again.size).toBe(1);
  expect(again.get({ ...point }, 1)).toMatchObject({ n: 100, values: { fd: 2.5, agreement: 0.9 } });
  expect(again.get(point, 0)).toBeUndefined();
  expect(again.get({ ...point, weight: 2 }, 1)).toBeUndefined();
  expect((await openStore(path, 'b')).size).toBe(0);
});

test('a last line that was cut off is dropped, and the file goes on after it', async () => {
  await (await openStore(path, 'a')).add(point, 0, score, 3);
  appendFileSync(path, readFileSync(path, 'utf8').slice(0, 40));
  const store = await openStore(path, 'a');
  expect(store.size).toBe(1);
  const open = { ...point, interval: [0.2, Number.POSITIVE_INFINITY] as const };
  await store.add(open, 1, score, 3);
  const after = await openStore(path, 'a');
  expect(after.size).toBe(2);
  // JSON has no infinity.
  expect(after.points()).toContainEqual(open);
});

test('a broken line in the middle is named', async () => {
  await (await openStore(path, 'a')).add(point, 0, score, 3);
  writeFileSync(path, `nonsense\n${readFileSync(path, 'utf8')}`);
  await expect(openStore(path, 'a')).rejects.toThrow(/scores\.jsonl: expected a score in line 1, got nonsense/);
});
