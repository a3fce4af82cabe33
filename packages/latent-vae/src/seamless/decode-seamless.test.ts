import '@tensorflow/tfjs';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAutoencoderKL, decodeSeamless, decodeTiled, memoryRows, type StripFunction } from '@edm2/latent-vae';
import { fileRows } from '@edm2/latent-vae/node';
import { describeWays } from '@edm2/test-engines';
import { draw, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { image, loadTiny, values } from '../golden-vae.fixture.js';
import { planDecoder } from './plan.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describeWays('decodeSeamless', (compile, { precision }) => {
  it('gives what diffusers gives, in strips of three rows', async () => {
    const loaded = await loadTiny();
    const compiled = (fn: StripFunction) => compile(fn) as StripFunction;
    const decoded = await decodeSeamless(image('z2'), { ...loaded, pixels: 24, compile: compiled });
    const expected = values('decoded2');
    expect(decoded.shape).toEqual(expected.shape);
    expect(relativeError(decoded.dataSync(), expected.data)).toBeLessThan(precision === 'float32' ? 1e-5 : 5e-2);
  });
});

describe('decodeSeamless', () => {
  it.each([
    ['one row at a time', 1],
    ['strips that do not divide the image', 34],
    ['one strip', 1e6],
  ])('equals decoding at once: %s', async (_, pixels) => {
    const loaded = await loadTiny();
    const latents = draw(4, [2, 3, 2, 4]) as tf.Tensor4D;
    const whole = loaded.vae.decode(loaded.params, latents);
    const progress: number[][] = [];
    const before = tf.memory().numTensors;
    const strips = await decodeSeamless(latents, { ...loaded, pixels, onProgress: (...at) => progress.push(at) });
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(strips.shape).toEqual([2, 24, 16, 3]);
    // Other sums of the same float32 values.
    expect(relativeError(strips.dataSync(), whole.dataSync())).toBeLessThan(1e-5);
    expect(progress.map(([done]) => done)).toEqual(progress.map((__, i) => i + 1));
    expect(progress.at(-1)?.[1]).toBe(progress.length);
  });

  it('of autoencoders without attention and quantisation', async () => {
    const vae = createAutoencoderKL({
      block_out_channels: [4, 8],
      norm_num_groups: 2,
      use_quant_conv: false,
      use_post_quant_conv: false,
      mid_block_add_attention: false,
    });
    const params = Object.fromEntries(vae.parameters.map(({ name, shape }, i) => [name, draw(i, [...shape])]));
    const latents = draw(1, [1, 6, 4, 4]) as tf.Tensor4D;
    const strips = await decodeSeamless(latents, { vae, params, pixels: 20 });
    expect(relativeError(strips.dataSync(), vae.decode(params, latents).dataSync())).toBeLessThan(1e-5);
    expect(planDecoder(vae.config).some(({ op }) => op === 'attend')).toBe(false);
  });

  it('where tiles are off by percents', async () => {
    const loaded = await loadTiny();
    const latents = draw(4, [1, 8, 3, 4]) as tf.Tensor4D;
    const whole = loaded.vae.decode(loaded.params, latents).dataSync();
    const tiled = await decodeTiled((x) => loaded.vae.decode(loaded.params, x), latents, { tile: 3, overlap: 1 });
    const strips = await decodeSeamless(latents, { ...loaded, pixels: 40 });
    expect(relativeError(tiled.dataSync(), whole)).toBeGreaterThan(0.02);
    expect(relativeError(strips.dataSync(), whole)).toBeLessThan(1e-5);
  });

  it('gives the engine a strip at a time, and waits in files that do not stay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'seamless-'));
    const { params, vae } = await loadTiny();
    const latents = draw(4, [1, 8, 2, 4]) as tf.Tensor4D;
    const start = tf.memory().numBytes;
    const peaks = { whole: 0, strips: 0 };
    const look = (of: keyof typeof peaks) => {
      peaks[of] = Math.max(peaks[of], tf.memory().numBytes - start);
    };
    const whole = vae.decode(params, latents, { onActivation: () => look('whole') });
    let files = 0;
    const decoded = await decodeSeamless(latents, {
      vae,
      params,
      pixels: 32,
      createRows: fileRows(folder),
      compile: (fn) => (inputs) => {
        const results = fn(inputs);
        // Inside the call everything that it made is still held.
        look('strips');
        return results;
      },
      onProgress: () => {
        files = Math.max(files, readdirSync(folder).length);
      },
    });
    expect(relativeError(decoded.dataSync(), whole.dataSync())).toBeLessThan(1e-5);
    expect(await readdir(folder)).toEqual([]);
    // Of x, y and, where the width changes, the next x.
    expect(files).toBe(3);
    // A strip of the last level is two rows of 64, and one more above and below.
    expect(peaks.strips).toBeGreaterThan(0);
    expect(peaks.strips).toBeLessThan(peaks.whole / 6);
    await rm(folder, { recursive: true });
  });

  it('stops between strips and leaves nothing behind', async () => {
    const loaded = await loadTiny();
    const latents = draw(4, [1, 4, 2, 4]) as tf.Tensor4D;
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    let open = 0;
    const stopped = decodeSeamless(latents, {
      ...loaded,
      pixels: 4,
      signal: stop.signal,
      createRows: async (...size) => {
        open++;
        const rows = await memoryRows(...size);
        return { ...rows, dispose: () => void open-- };
      },
      onProgress: (done) => done === 9 && stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
    expect(open).toBe(0);
  });

  it('refuses what does not fit', async () => {
    const { vae, params } = await loadTiny();
    const z = tf.ones([1, 2, 2, 4]) as tf.Tensor4D;
    await expect(decodeSeamless(z, { vae, params, pixels: 0 })).rejects.toThrow(/whole number of at least 1, got 0/);
    await expect(decodeSeamless(tf.ones([1, 2, 2, 3]), { vae, params })).rejects.toThrow(
      /\[N, H, W, 4\], got \[1,2,2,3\]/,
    );
    const { 'decoder.conv_norm_out.weight': _, ...fewer } = params;
    await expect(decodeSeamless(z, { vae, params: fewer })).rejects.toThrow(/hold decoder\.conv_norm_out/);
  });
});
