import { formatBytes } from '@edm2/command/format-bytes';
import { describe, expect, it } from 'vitest';
import { formatShare, parseLengths, positiveCount } from './numbers.js';

describe('numbers', () => {
  it('read and print as EDM2’s tools do', () => {
    expect(parseLengths('0.05,0.10,...,0.25')).toEqual([0.05, 0.1, 0.15, 0.2, 0.25]);
    expect(parseLengths('0.01, 0.02,0.04,...,0.09')).toEqual([0.01, 0.02, 0.04, 0.06, 0.08, 0.09]);
    expect(['2048Mi', '150M', '1.5k', '7'].map(positiveCount('--t'))).toEqual([2 ** 31, 150e6, 1500, 7]);
    expect([0, 999, 1000, 2.345e9].map(formatBytes)).toEqual(['0 B', '999 B', '1.00 kB', '2.35 GB']);
    expect([0, 0.0351, 0.00208].map(formatShare)).toEqual(['< 0.0001 %', '3.5 %', '0.21 %']);
  });
});
