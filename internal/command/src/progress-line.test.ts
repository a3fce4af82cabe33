import { expect, it } from 'vitest';
import { createProgressLine, describeBytes } from './progress-line.js';

it.each([
  [true, '\r\x1b[K25 %  250 MB of 1.00 GB  500 MB/s  2 s left', '\r\x1b[K'],
  [false, '25 %  250 MB of 1.00 GB  16.7 MB/s  45 s left\n', ''],
])('shows rate and time left when a line is due, terminal: %s', (isTTY, line, end) => {
  let text = '';
  let time = 0;
  const write = (part: string) => {
    text += part;
  };
  const progress = createProgressLine({ err: { isTTY, write }, now: () => time }, describeBytes);
  progress.update({ done: 1e6, total: 1e9 });
  expect(text).toBe('');
  time = isTTY ? 500 : 15_000;
  progress.update({ done: 250e6, total: 1e9 });
  progress.update({ done: 251e6, total: 1e9 });
  progress.end();
  expect(text).toBe(line + end);
});

it('what was done before a restart is no measure of the rate', () => {
  let text = '';
  let time = 0;
  const write = (part: string) => {
    text = part;
  };
  const err = { isTTY: true, write };
  const progress = createProgressLine({ err, now: () => time }, ({ rate, left }) => `${rate} ${left}`);
  time = 1000;
  progress.restart(500);
  time = 2000;
  progress.update({ done: 600, total: 1000 });
  expect(text).toBe('\r\x1b[K100 4');
});
