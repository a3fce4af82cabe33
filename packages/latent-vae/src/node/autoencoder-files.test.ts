import '@tensorflow/tfjs';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScalingNormalizer } from '@edm2/latent-vae';
import { hashAutoencoder, loadAutoencoder } from '@edm2/latent-vae/node';
import { readSafetensors, writeSafetensors } from '@edm2/tensor-files';
import { goldenPath, maxAbsoluteError, nchwToNhwc, readGolden } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINY } from '../golden-vae.fixture.js';
import { configOfShapes } from './config-of-shapes.js';

const PICKLED = goldenPath('vae-single/pickled');
const CHECKPOINT = goldenPath('vae-single/checkpoint.safetensors');
const reference = readGolden('vae-single/reference');
const image = (name: string): tf.Tensor4D => {
  const { shape, data } = nchwToNhwc(reference.get(name));
  return tf.tensor(Float32Array.from(data), shape as [number, number, number, number]);
};

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'latent-vae-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What diffusers made with this autoencoder: the posterior's mean, and the images decoded from scaled latents. */
async function expectReference(path: string): Promise<void> {
  const { vae, params, scaling } = await loadAutoencoder(path);
  const normalizer = scaling ?? createScalingNormalizer({ scaling_factor: 0.3611, shift_factor: 0.1159 });
  const { mean } = vae.encode(params, image('images'));
  expect(maxAbsoluteError(mean.dataSync(), image('mean').dataSync())).toBeLessThan(1e-5);
  const latents = normalizer.toLatents(mean);
  expect(maxAbsoluteError(latents.dataSync(), image('latents').dataSync())).toBeLessThan(1e-5);
  const decoded = vae.decode(params, normalizer.toRaw(image('latents')));
  expect(maxAbsoluteError(decoded.dataSync(), image('decoded').dataSync())).toBeLessThan(1e-4);
  tf.dispose(params);
}

/** The same network, to the bit, as the diffusers folder's. */
async function expectSame(path: string): Promise<void> {
  const [found, whole] = await Promise.all([path, PICKLED].map(loadAutoencoder));
  expect(found?.vae.config).toEqual(whole?.vae.config);
  expect(Object.keys(found?.params ?? {})).toEqual(Object.keys(whole?.params ?? {}));
  for (const [name, tensor] of Object.entries(whole?.params ?? {}))
    expect(found?.params[name]?.dataSync(), name).toEqual(tensor.dataSync());
  tf.dispose([found?.params ?? {}, whole?.params ?? {}]);
}

/** Tensors of a file. */
async function tensorsOf(path: string): Promise<Record<string, { shape: number[]; data: Float32Array }>> {
  const file = await readSafetensors(path);
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  for (const name of file.names) tensors[name] = await file.readFloat32(name);
  await file.close();
  return tensors;
}

describe('an autoencoder is read from', () => {
  it('a diffusers folder with pickled weights', () => expectReference(PICKLED));
  it('its file of pickled weights', () => expectSame(join(PICKLED, 'diffusion_pytorch_model.bin')));
  it('a whole checkpoint in latent diffusion’s names', () => expectReference(CHECKPOINT));

  it.each(['first_stage_model.', 'vae.', ''])('one file, names behind "%s"', async (prefix) => {
    const file = at(`alone-${prefix}.safetensors`);
    const tensors = Object.entries(await tensorsOf(CHECKPOINT)).filter(([name]) => name.startsWith('first_stage'));
    await writeSafetensors(
      file,
      Object.fromEntries(tensors.map(([name, tensor]) => [prefix + name.slice('first_stage_model.'.length), tensor])),
    );
    await expectSame(file);
    expect((await loadAutoencoder(file)).scaling).toBeUndefined();
  });

  it('a pipeline’s folder', async () => {
    await mkdir(at('pipeline'));
    await cp(PICKLED, at('pipeline', 'vae'), { recursive: true });
    await writeFile(at('pipeline', 'model_index.json'), '{"_class_name": "StableDiffusionPipeline"}');
    await expectSame(at('pipeline'));
    expect(await hashAutoencoder(at('pipeline'))).toBe(await hashAutoencoder(PICKLED));
    // Some download no more than the part that they need.
    await rm(at('pipeline', 'model_index.json'));
    await expectSame(at('pipeline'));
    await rm(at('pipeline', 'vae'), { recursive: true });
    await writeFile(at('pipeline', 'model_index.json'), '{}');
    await expect(loadAutoencoder(at('pipeline'))).rejects.toThrow(/expected the folder vae in .*pipeline's, got none/);
  });

  it('several files and their index', async () => {
    await mkdir(at('sharded'));
    await cp(join(TINY, 'config.json'), at('sharded', 'config.json'));
    const tensors = await tensorsOf(join(TINY, 'diffusion_pytorch_model.safetensors'));
    const map: Record<string, string> = {};
    const shards: Record<string, typeof tensors> = {};
    for (const [i, [name, tensor]] of Object.entries(tensors).entries()) {
      const shard = `diffusion_pytorch_model-0000${(i % 3) + 1}-of-00003.safetensors`;
      map[name] = shard;
      shards[shard] = { ...shards[shard], [name]: tensor };
    }
    for (const [name, inside] of Object.entries(shards)) await writeSafetensors(at('sharded', name), inside);
    const index = at('sharded', 'diffusion_pytorch_model.safetensors.index.json');
    const write = (weightMap: unknown) => writeFile(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));
    await write(map);
    const [whole, parts, named] = await Promise.all([TINY, at('sharded'), index].map(loadAutoencoder));
    for (const { name } of whole?.vae.parameters ?? []) {
      expect(parts?.params[name]?.dataSync(), name).toEqual(whole?.params[name]?.dataSync());
      expect(named?.params[name]?.dataSync(), name).toEqual(whole?.params[name]?.dataSync());
    }
    const hash = createHash('sha256');
    for (const name of Object.keys(shards).sort()) hash.update(await readFile(at('sharded', name)));
    expect(await hashAutoencoder(at('sharded'))).toBe(hash.digest('hex'));
    for (const wrong of [{}, 'x', { a: 1 }, { ...map, x: '../config.json' }, { ...map, x: '/etc/passwd' }]) {
      await write(wrong);
      await expect(loadAutoencoder(at('sharded'))).rejects.toThrow(/expected .*index\.json to map tensors to files/);
    }
    await write({ ...map, 'encoder.extra': Object.keys(shards)[0] });
    await expect(loadAutoencoder(at('sharded'))).rejects.toThrow(/expected encoder\.extra in .*-of-00003\.safetensors/);
    await write({ ...map, 'encoder.extra': 'gone.safetensors' });
    await expect(loadAutoencoder(at('sharded'))).rejects.toThrow(/gone\.safetensors/);
  });
});

describe('refused by name, with what can be done', () => {
  it('a checkpoint without an autoencoder, and files of other things', async () => {
    const file = at('unet.safetensors');
    await writeSafetensors(file, { 'model.diffusion_model.out.weight': { shape: [1], data: new Float32Array(1) } });
    await expect(loadAutoencoder(file)).rejects.toThrow(
      /tensors of an autoencoder in .*unet.*, got model\.diffusion_model\.out\.weight\. Name the autoencoder's own file/,
    );
    await expect(loadAutoencoder(join(TINY, 'config.json'))).rejects.toThrow(/a folder, or a file of weights .*, got/);
    await writeFile(at('x.safetensors'), 'version https://git-lfs.github.com/spec/v1\n');
    await expect(loadAutoencoder(at('x.safetensors'))).rejects.toThrow(/x\.safetensors/);
  });

  it('folders without weights, and with several files', async () => {
    await mkdir(at('several'));
    await expect(loadAutoencoder(at('several'))).rejects.toThrow(/weights in .*several .*, got an empty folder\. Name/);
    for (const name of ['a.safetensors', 'b.ckpt']) await writeFile(at('several', name), '');
    await expect(loadAutoencoder(at('several'))).rejects.toThrow(/got a\.safetensors, b\.ckpt\. Name one of these/);
    await expect(loadAutoencoder(at('nowhere'))).rejects.toThrow(/ENOENT/);
  });

  it('widths that a file alone does not tell, and a configuration that Git LFS left', async () => {
    const file = at('narrow.safetensors');
    await cp(join(TINY, 'diffusion_pytorch_model.safetensors'), file);
    await expect(loadAutoencoder(file)).rejects.toThrow(/widths that are multiples of 32 .*config\.json beside it/);
    await cp(PICKLED, at('lfs'), { recursive: true });
    await writeFile(at('lfs', 'config.json'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
    await expect(loadAutoencoder(at('lfs'))).rejects.toThrow(/to hold JSON, got a Git LFS pointer\. .*git lfs pull/);
  });
});

it('shapes alone say what Stable Diffusion’s autoencoder is, with old names of attention too', async () => {
  const { shapes, config, old_names: old } = JSON.parse(await readFile(goldenPath('vae-keys.json'), 'utf8'));
  const entries = new Map(Object.entries<number[]>(shapes).map(([name, shape]) => [old[name] ?? name, { shape }]));
  const found = configOfShapes(entries, { prefix: '', style: 'diffusers' });
  const { block_out_channels, layers_per_block, latent_channels, norm_num_groups, in_channels, out_channels } = config;
  expect(found).toEqual({
    ...{ block_out_channels, layers_per_block, latent_channels, norm_num_groups, in_channels, out_channels },
    ...{ mid_block_add_attention: true, use_quant_conv: true, use_post_quant_conv: true },
  });
});

describe('scaling as diffusers does', () => {
  const scaled = (config: Record<string, unknown>, values: number[], channels = 4) => {
    const { toLatents, toRaw, options } = createScalingNormalizer(config);
    const raw = tf.tensor(values, [1, channels]);
    const latents = toLatents(raw);
    expect(maxAbsoluteError(toRaw(latents).dataSync(), values)).toBeLessThan(1e-6);
    expect([options.finalMean, options.finalStd]).toEqual([0, 1]);
    return [...latents.dataSync()];
  };
  it('by a factor, a shift, or channel by channel', () => {
    const near = (values: number[], expected: number[]) =>
      expect(maxAbsoluteError(values, expected)).toBeLessThan(1e-6);
    near(scaled({}, [1, 2, -1, 0]), [0.18215, 0.3643, -0.18215, 0]);
    near(scaled({ scaling_factor: 0.3611, shift_factor: 0.1159 }, [1, 0, 0, 0]).slice(0, 2), [
      0.3611 * (1 - 0.1159),
      -0.3611 * 0.1159,
    ]);
    const lists = { latent_channels: 2, latents_mean: [1, -1], latents_std: [2, 4], scaling_factor: 0.5 };
    near(scaled(lists, [3, 3], 2), [0.5, 0.5]);
  });
  it.each<[Record<string, unknown>, RegExp]>([
    [{ scaling_factor: 0 }, /scaling_factor to be a number above 0, got 0/],
    [{ scaling_factor: '1' }, /scaling_factor to be a number, got "1"/],
    [{ latents_mean: [0, 0, 0, 0] }, /latents_mean to be given with latents_std/],
    [{ latents_mean: [0], latents_std: [1] }, /latents_mean to be a list of 4 numbers/],
    [{ latents_mean: [0, 0, 0, 0], latents_std: [1, 1, 1, 1], shift_factor: 1 }, /shift_factor to be null beside/],
    [{ latents_mean: [0, 0, 0, 0], latents_std: [1, 1, 0, 1] }, /positive deviations/],
  ])('refuses %j', (config, message) => {
    expect(() => createScalingNormalizer(config)).toThrow(message);
  });
});
