import { describe, expect, it } from 'vitest';
import { indexOf } from './benches/gpu-peaks.js';
import { cudaDevice } from './benches/sides.js';
import { parseLines } from './gpu-memory.js';

describe('names of devices', () => {
  it('are translated for PyTorch', () => {
    expect(['cpu', 'gpu', 'gpu:1'].map(cudaDevice)).toEqual(['cpu', 'cuda:0', 'cuda:1']);
  });
  it('hold the index', () => {
    expect(['gpu', 'gpu:0', 'gpu:12'].map(indexOf)).toEqual([0, 0, 12]);
  });
});

describe('parseLines', () => {
  it('takes an answer apart, an absent one too', () => {
    expect(parseLines('NVIDIA A, 550.1\r\nNVIDIA B, 550.1\n')).toEqual(['NVIDIA A, 550.1', 'NVIDIA B, 550.1']);
    expect(parseLines(undefined)).toEqual([]);
  });
});
