import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { append } from './append.js';
import { createEventFile } from './events/event-file.js';
import { appendLog } from './log.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-append-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const line = { nimg: 1, loss: 1, learningRate: 1, imagesPerSecond: 1, seconds: 1, memoryMB: 1 };

test('adds', async () => {
  await append(join(scratch, 'log'), 'a\n');
  await append(join(scratch, 'log'), 'b\n');
  expect(readFileSync(join(scratch, 'log'), 'utf8')).toBe('a\nb\n');
});

// A device that is always full; only Linux has it.
test.skipIf(!existsSync('/dev/full'))('explains a full disk and names the file', async () => {
  symlinkSync('/dev/full', join(scratch, 'log.jsonl'));
  await expect(appendLog(scratch, line)).rejects.toThrow(/expected room on the disk for .*log\.jsonl, got ENOSPC/);
  const events = await createEventFile(scratch, 0);
  rmSync(events.path);
  symlinkSync('/dev/full', events.path);
  await expect(events.add(1, { loss: 1 })).rejects.toThrow(/expected room on the disk for .*tfevents.*Free some space/);
});
