import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, UsageError } from '@edm2/command/errors';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { keepPrinted } from './printed.fixture.js';
import { runCommand } from './run-command.js';

const printed = keepPrinted();
const command = (work: () => Promise<unknown>): Command =>
  new Command('edm2-test').exitOverride().action(async () => void (await work()));

test.each<[string, number, () => Promise<unknown>, RegExp]>([
  ['nothing', 0, async () => {}, /^$/],
  ['a failure', 1, () => Promise.reject(new Error('lost')), /^lost$/],
  ['wrong usage', 2, () => Promise.reject(new UsageError('--x: expected y')), /^--x: expected y$/],
  ['an interruption', 130, () => Promise.reject(new InterruptedError('interrupted; kept')), /^interrupted; kept$/],
  [
    'a file system’s error that nobody explained',
    1,
    () => readFile(join(tmpdir(), 'edm2-no-such-file')),
    /^edm2-test: expected .*edm2-no-such-file to be there, got ENOENT \(no such file or folder\)\. Check the name/,
  ],
])('%s ends with code %d', async (_, code, work, message) => {
  expect(await runCommand(command(work), [])).toBe(code);
  expect(printed.text.trim()).toMatch(message);
  expect(printed.text).not.toMatch(/ {4}at /);
});
