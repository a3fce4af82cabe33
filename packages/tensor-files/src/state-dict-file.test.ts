import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStateDict, SafetensorsParseError } from '@edm2/tensor-files';
import { goldenPath, readGolden } from '@edm2/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'state-dict-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('openStateDict', () => {
  // Written by torch.save: a transposed view, half precision, a counter.
  it.each(['state-dict.pth', 'state-dict-legacy.pth'])(
    'reads %s as PyTorch wrote it, whatever its name',
    async (name) => {
      for (const other of [name, 'x.bin', 'x.safetensors', 'x']) {
        const path = join(folder, other);
        await cp(goldenPath(name), path);
        const file = await openStateDict(path);
        expect([...file.entries].map(([each, { shape }]) => [each, shape])).toEqual([
          ['fc.weight', [4, 3]],
          ['fc.half', [2]],
          ['bn.num_batches_tracked', []],
        ]);
        const transposed = Float32Array.from({ length: 12 }, (_, i) => ((i % 3) * 4 + Math.floor(i / 3)) / 8);
        expect(await file.readFloat32('fc.weight')).toEqual({ shape: [4, 3], data: transposed });
        expect((await file.readFloat32('fc.half')).data).toEqual(Float32Array.of(0.5, -1.25));
        await expect(file.readFloat32('fc.wheight')).rejects.toThrow(/expected fc\.wheight in .*, got no such tensor/);
        await expect(file.readFloat32('bn.num_batches_tracked')).rejects.toThrow(TypeError);
        await file.close();
        await file.close();
      }
    },
  );

  it('reads safetensors, whatever its name', async () => {
    const path = join(folder, 'x.bin');
    await cp(goldenPath('unet-latent.safetensors'), path);
    const file = await openStateDict(path);
    const golden = readGolden('unet-latent').get('init.unet.out_conv.weight');
    expect(file.entries.get('init.unet.out_conv.weight')).toMatchObject({ shape: golden.shape, dtype: 'F32' });
    expect((await file.readFloat32('init.unet.out_conv.weight')).data).toEqual(golden.data);
    await expect(file.readFloat32('x')).rejects.toThrow(RangeError);
    await file.close();
  });

  it('finds a state dict among other things', async () => {
    const file = await openStateDict(goldenPath('vae-single/pickled/diffusion_pytorch_model.bin'));
    expect(file.entries.get('post_quant_conv.weight')).toMatchObject({ shape: [4, 4, 1, 1], dtype: 'F16' });
    expect(await file.verify()).toBe(true);
    await file.close();
  });

  it('names a tensor of a kind that is not read, and reads the others', async () => {
    const file = await openStateDict(goldenPath('torch-kinds/mixed.pt'));
    expect([...file.entries.keys()]).toEqual(['w']);
    expect([...file.opaque]).toEqual([['s', 'a sparse tensor (torch.sparse_coo)']]);
    expect((await file.readFloat32('w')).data).toEqual(Float32Array.of(0, 1, 2, 3));
    await expect(file.readFloat32('s')).rejects.toThrow(
      'got a sparse tensor (torch.sparse_coo). Save it as plain numbers.',
    );
    await file.close();
  });

  it('refuses what holds no tensors by name, and other files', async () => {
    await expect(openStateDict(goldenPath('training-state-0000008.pt'))).rejects.toThrow(/training-state-0000008\.pt/);
    for (const content of ['', 'text', '\x80', '\x80\x02}.']) {
      const path = join(folder, 'odd.pt');
      await writeFile(path, content, 'latin1');
      await expect(openStateDict(path)).rejects.toThrow(/odd\.pt/);
    }
    await writeFile(join(folder, 'short'), 'ab');
    await expect(openStateDict(join(folder, 'short'))).rejects.toThrow(SafetensorsParseError);
  });
});
