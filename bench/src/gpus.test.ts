import { describe, expect, it } from 'vitest';
import { parseLines } from './gpus.js';

describe('parseLines', () => {
  it('takes an answer apart, an absent one too', () => {
    expect(parseLines('NVIDIA A, 550.1\r\nNVIDIA B, 550.1\n')).toEqual(['NVIDIA A, 550.1', 'NVIDIA B, 550.1']);
    expect(parseLines(undefined)).toEqual([]);
  });
});
