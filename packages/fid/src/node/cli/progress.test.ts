import { expect, it } from 'vitest';
import { createProgress } from './progress.js';

it.each([
  [true, '\r\x1b[Kset: 100 of 400 images, 200/s, 2 s left', '\r\x1b[K'],
  [false, 'set: 100 of 400 images, 6.67/s, 45 s left\n', ''],
])('shows rate and time left when a line is due, terminal: %s', (isTTY, line, end) => {
  let text = '';
  let time = 0;
  const write = (part: string) => {
    text += part;
  };
  const progress = createProgress({ err: { isTTY, write }, now: () => time }, 'set');
  progress.update({ done: 1, total: 400 });
  expect(text).toBe('');
  time = isTTY ? 500 : 15_000;
  progress.update({ done: 100, total: 400 });
  progress.update({ done: 101, total: 400 });
  progress.done();
  expect(text).toBe(line + end);
});
