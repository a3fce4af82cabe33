import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { commandMessage } from './command-message.js';

it.each<[string, string]>([
  ['readSafetensors: expected 8 bytes, got 0. Fetch it.', 'tool: expected 8 bytes, got 0. Fetch it.'],
  ['a/b.safetensors: loadNetwork: expected x, got y.', 'a/b.safetensors: expected x, got y.'],
  [
    'checkImages: expected 3 images, got 1:\n  decodeRgb: expected a, got b\n',
    'tool: expected 3 images, got 1:\n  expected a, got b\n',
  ],
  ['classifier.judge: expected grey images, got RGB.', 'tool: expected grey images, got RGB.'],
  ['--net: expected a file, got none.', '--net: expected a file, got none.'],
  ['sweep: expected less, got more.', 'sweep: expected less, got more.'],
  ['expected images for kid, got x.', 'tool: expected images for kid, got x.'],
  ['out of memory', 'out of memory'],
])('%j is printed as %j', (message, printed) => {
  expect(commandMessage(new Error(message), 'tool')).toBe(printed);
});

it('says what the file system said, and what is no error', async () => {
  const error = await readFile('no-such-file').catch((reason: unknown) => reason);
  expect(commandMessage(error, 'tool')).toMatch(/^tool: expected no-such-file to be there, got ENOENT/);
  expect(commandMessage('stopped', 'tool')).toBe('stopped');
});
