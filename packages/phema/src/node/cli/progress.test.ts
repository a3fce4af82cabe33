import { describe, expect, it } from 'vitest';
import { formatBytes, formatShare, parseLengths, positiveCount } from './numbers.js';
import { createProgress } from './progress.js';

describe('createProgress', () => {
  it.each([
    [true, '\r\x1b[K25 %  250 MB of 1.00 GB  500 MB/s  2 s left', '\r\x1b[K'],
    [false, '25 %  250 MB of 1.00 GB  16.7 MB/s  45 s left\n', ''],
  ])('shows rate and time left, terminal: %s', (isTTY, line, end) => {
    let text = '';
    let time = 0;
    const write = (part: string) => {
      text += part;
    };
    const progress = createProgress({ isTTY, write }, () => time);
    progress.update({ bytesRead: 1e6, bytesTotal: 1e9 });
    expect(text).toBe('');
    time = isTTY ? 500 : 15_000;
    progress.update({ bytesRead: 250e6, bytesTotal: 1e9 });
    progress.update({ bytesRead: 251e6, bytesTotal: 1e9 });
    progress.done();
    expect(text).toBe(line + end);
  });
});

describe('numbers', () => {
  it('read and print as EDM2’s tools do', () => {
    expect(parseLengths('0.05,0.10,...,0.25')).toEqual([0.05, 0.1, 0.15, 0.2, 0.25]);
    expect(parseLengths('0.01, 0.02,0.04,...,0.09')).toEqual([0.01, 0.02, 0.04, 0.06, 0.08, 0.09]);
    expect(['2048Mi', '150M', '1.5k', '7'].map(positiveCount('--t'))).toEqual([2 ** 31, 150e6, 1500, 7]);
    expect([0, 999, 1000, 2.345e9].map(formatBytes)).toEqual(['0 B', '999 B', '1.00 kB', '2.35 GB']);
    expect([0, 0.0351, 0.00208].map(formatShare)).toEqual(['< 0.0001 %', '3.5 %', '0.21 %']);
  });
});
