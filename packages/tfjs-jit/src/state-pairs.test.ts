import { describe, expect, it } from 'vitest';
import { pairState } from './state-pairs.js';

describe('pairState', () => {
  it('pairs a state argument with the part of the result that has its names', () => {
    const pairs = pairState(
      ['0.params.w', '0.params.unet.b', '0.moments.first.w', '1.images'],
      ['state.params.w', 'state.params.unet.b', 'state.moments.first.w', 'metrics.loss'],
    );
    expect([...pairs]).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  it('pairs lone tensors and leaves strangers alone', () => {
    expect([...pairState(['0', '1'], [''])]).toEqual([[0, 0]]);
    expect([...pairState(['0.a'], ['b', 'c'])]).toEqual([]);
  });
});
