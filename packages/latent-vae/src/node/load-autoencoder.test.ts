import '@tensorflow/tfjs';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import {
  fromFloat32,
  readSafetensors,
  SafetensorsParseError,
  type TensorInput,
  writeSafetensors,
} from '@edm2/tensor-files';
import { goldenPath, maxAbsoluteError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadTiny, TINY } from '../golden-vae.fixture.js';

const WEIGHTS = 'diffusion_pytorch_model.safetensors';
let folder = '';
beforeAll(async () => {
  await tf.setBackend('cpu');
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latent-vae-'));
  await cp(TINY, folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

/** Writes the weights again, changed. */
async function change(edit: (tensors: Record<string, TensorInput>) => void): Promise<void> {
  const file = await readSafetensors(join(TINY, WEIGHTS));
  const tensors: Record<string, TensorInput> = {};
  for (const name of file.names) tensors[name] = await file.readFloat32(name);
  await file.close();
  edit(tensors);
  await writeSafetensors(join(folder, WEIGHTS), tensors);
}

/** Expects a refusal that leaves no tensor. */
async function expectRefused(text: RegExp): Promise<void> {
  const before = tf.memory().numTensors;
  await expect(loadAutoencoder(folder)).rejects.toThrow(text);
  expect(tf.memory().numTensors).toBe(before);
}

const difference = (a: Record<string, tf.Tensor>, b: Record<string, tf.Tensor>): number =>
  Math.max(...Object.keys(b).map((name) => maxAbsoluteError(a[name]?.dataSync() ?? [], b[name]?.dataSync() ?? [])));

describe('loadAutoencoder', () => {
  it('reads a diffusers folder: the parameters of the network and no other tensor', async () => {
    const before = tf.memory().numTensors;
    const { vae, params } = await loadAutoencoder(folder);
    expect(Object.keys(params)).toEqual(vae.parameters.map(({ name }) => name));
    expect(tf.memory().numTensors).toBe(before + vae.parameters.length);
  });

  it('reads the old names of attention layers', async () => {
    const { old_names: old } = JSON.parse(await readFile(goldenPath('vae-keys.json'), 'utf8')) as {
      old_names: Record<string, string>;
    };
    expect(Object.keys(old)).toHaveLength(16);
    await change((tensors) => {
      for (const [name, before] of Object.entries(old)) {
        tensors[before] = tensors[name] as TensorInput;
        delete tensors[name];
      }
    });
    expect(difference((await loadAutoencoder(folder)).params, (await loadTiny()).params)).toBe(0);
  });

  it('reads half precision under diffusers’ name for it', async () => {
    await change((tensors) => {
      for (const [name, { shape, data }] of Object.entries(tensors))
        tensors[name] = { dtype: 'F16', shape, data: fromFloat32(data as Float32Array, 'F16') };
    });
    await rename(join(folder, WEIGHTS), join(folder, 'diffusion_pytorch_model.fp16.safetensors'));
    const off = difference((await loadAutoencoder(folder)).params, (await loadTiny()).params);
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(4 * 2 ** -11);
  });

  const name = 'decoder.up_blocks.2.resnets.0.conv_shortcut.weight';
  it.each<[string, (tensors: Record<string, TensorInput>) => void, RegExp]>([
    [
      'a missing tensor',
      (t) => delete t[name],
      /hold decoder\.up_blocks\.2\.resnets\.0\.conv_shortcut\.weight, got no/,
    ],
    [
      'a missing attention tensor',
      (t) => delete t['encoder.mid_block.attentions.0.to_q.weight'],
      /encoder\.mid_block\.attentions\.0\.to_q\.weight, got no such tensor/,
    ],
    [
      'a tensor of another shape',
      (t) => {
        t[name] = { shape: [48, 32, 1, 1], data: new Float32Array(32 * 48) };
      },
      /conv_shortcut\.weight of shape \[32,48,1,1\], got \[48,32,1,1\]/,
    ],
    [
      'a tensor that nothing asks for',
      (t) => {
        t['encoder.extra'] = { shape: [1], data: new Float32Array(1) };
      },
      /network only, got 1 more, encoder\.extra first/,
    ],
    [
      'integers',
      (t) => {
        t['quant_conv.bias'] = { shape: [8], data: new Int32Array(8) };
      },
      /quant_conv\.bias/,
    ],
  ])('refuses %s by name', async (_, edit, text) => {
    await change(edit);
    await expectRefused(text);
  });

  it('refuses configurations that it does not know', async () => {
    const config = JSON.parse(await readFile(join(TINY, 'config.json'), 'utf8'));
    const write = (text: string) => writeFile(join(folder, 'config.json'), text);
    await write('{ "act_fn"');
    await expectRefused(/config\.json to hold JSON/);
    await write(JSON.stringify({ ...config, _class_name: 'AutoencoderTiny' }));
    await expectRefused(/config\.json: createAutoencoderKL: expected _class_name/);
    await write(JSON.stringify({ ...config, layersPerBlock: 2 }));
    await expectRefused(/expected keys of an AutoencoderKL .*, got layersPerBlock/);
    await write(JSON.stringify({ ...config, block_out_channels: [16, 32, 48, 64] }));
    await expectRefused(/of shape \[64,48,3,3\], got \[48,48,3,3\]/);
    await write(' '.repeat(2 ** 20 + 1));
    await expectRefused(/at most 1048576 bytes/);
    await rm(join(folder, 'config.json'));
    await expectRefused(/widths that are multiples of 32 .*Put its config\.json beside it/);
  });

  it('refuses truncated weights, and a file that is not what its name says', async () => {
    const bytes = await readFile(join(TINY, WEIGHTS));
    await writeFile(join(folder, WEIGHTS), bytes.subarray(0, bytes.length - 5));
    await expect(loadAutoencoder(folder)).rejects.toThrow(SafetensorsParseError);
    await writeFile(join(folder, WEIGHTS), 'PK\u0003\u0004');
    await expectRefused(new RegExp(WEIGHTS.replaceAll('.', '\\.')));
  });
});
