import { goldenPath } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { readWeights } from './read-weights.js';

describe('readWeights', () => {
  const counter = { name: 'bn.num_batches_tracked', shape: [], kind: 'buffer' } as const;
  const half = { name: 'fc.half', shape: [2], kind: 'bias' } as const;
  const weight = { name: 'fc.weight', shape: [3, 4], kind: 'weight' } as const;
  const path = goldenPath('state-dict.pth');

  it('gives the state dict, counters as 0', async () => {
    const dict = await readWeights(path, [weight, half, counter]);
    expect(dict['bn.num_batches_tracked']).toEqual({ shape: [], data: Float32Array.of(0) });
    expect(dict['fc.weight']?.shape).toEqual([4, 3]);
  });

  it('names a tensor of a kind that is not read', async () => {
    const mixed = goldenPath('torch-kinds/mixed.pt');
    await expect(readWeights(mixed, [weight])).rejects.toThrow(
      /expected s of plain numbers in .*mixed\.pt, got a sparse tensor \(torch\.sparse_coo\)\. Save the network/,
    );
  });

  it('names what is missing, extra or misshapen', async () => {
    await expect(readWeights(path, [weight, counter])).rejects.toThrow(/got extra fc\.half\. Is it/);
    const more = { name: 'more', shape: [1], kind: 'bias' } as const;
    await expect(readWeights(path, [weight, half, counter, more])).rejects.toThrow(/got missing more\. Is it/);
    await expect(readWeights(path, [{ ...weight, shape: [4, 3] }, half, counter])).rejects.toThrow(
      /fc\.weight of shape \[3,4\] in .*, got \[4,3\]/,
    );
  });
});
