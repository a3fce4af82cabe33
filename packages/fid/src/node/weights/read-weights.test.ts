import { goldenPath, readGolden } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';
import { openWeights } from './open-weights.js';
import { readWeights } from './read-weights.js';

describe('openWeights', () => {
  // Written by torch.save: a transposed view, half precision, a counter.
  it.each(['state-dict.pth', 'state-dict-legacy.pth'])('reads %s as PyTorch wrote it', async (name) => {
    const file = await openWeights(goldenPath(name));
    expect([...file.shapes]).toEqual([
      ['fc.weight', [4, 3]],
      ['fc.half', [2]],
      ['bn.num_batches_tracked', []],
    ]);
    const transposed = Float32Array.from({ length: 12 }, (_, i) => ((i % 3) * 4 + Math.floor(i / 3)) / 8);
    expect(await file.readFloat32('fc.weight')).toEqual(transposed);
    expect(await file.readFloat32('fc.half')).toEqual(Float32Array.of(0.5, -1.25));
    await file.close();
  });

  it('reads safetensors', async () => {
    const file = await openWeights(goldenPath('unet-latent.safetensors'));
    const golden = readGolden('unet-latent').get('init.unet.out_conv.weight');
    expect(file.shapes.get('init.unet.out_conv.weight')).toEqual(golden.shape);
    expect(await file.readFloat32('init.unet.out_conv.weight')).toEqual(golden.data);
    await file.close();
  });

  it('refuses other endings, and torch files that are more than a state dict', async () => {
    await expect(openWeights('weights.bin')).rejects.toThrow(/\.safetensors or \.pth file, got weights\.bin/);
    await expect(openWeights(goldenPath('training-state-0000008.pt'))).rejects.toThrow(/training-state-0000008\.pt/);
  });
});

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

  it('names what is missing, extra or misshapen', async () => {
    await expect(readWeights(path, [weight, counter])).rejects.toThrow(/got extra fc\.half\. Is it/);
    const more = { name: 'more', shape: [1], kind: 'bias' } as const;
    await expect(readWeights(path, [weight, half, counter, more])).rejects.toThrow(/got missing more\. Is it/);
    await expect(readWeights(path, [{ ...weight, shape: [4, 3] }, half, counter])).rejects.toThrow(
      /fc\.weight of shape \[3,4\] in .*, got \[4,3\]/,
    );
  });
});
