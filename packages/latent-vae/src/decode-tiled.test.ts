import '@tensorflow/tfjs';
import { decodeTiled } from '@edm2/latent-vae';
import { draw, maxAbsoluteError, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTiny } from './golden-vae.fixture.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A decoder without norms or attention: each pixel repeated k×k, doubled. */
const local =
  (k: number) =>
  (x: tf.Tensor4D): tf.Tensor4D =>
    tf.tidy(() => {
      const [, h, w] = x.shape;
      return tf.mul<tf.Tensor4D>(tf.image.resizeNearestNeighbor(x, [h * k, w * k]), 2);
    });
const latents = draw(3, [2, 13, 9, 2]) as tf.Tensor4D;

describe('decodeTiled', () => {
  it.each([
    [4, 2],
    [5, 0],
    [4, 3],
    [13, 1],
    [64, 16],
  ])('of a local decoder equals decoding at once: tile %i, overlap %i', async (tile, overlap) => {
    const before = tf.memory().numTensors;
    const sides = new Set<string>();
    const decode = (x: tf.Tensor4D) => {
      sides.add(String(x.shape));
      return local(3)(x);
    };
    const tiled = await decodeTiled(decode, latents, { tile, overlap });
    expect(tf.memory().numTensors).toBe(before + 1);
    const whole = local(3)(latents);
    expect(tiled.shape).toEqual(whole.shape);
    expect(maxAbsoluteError(tiled.dataSync(), whole.dataSync())).toBeLessThan(1e-6);
    expect(sides.size).toBe(1);
  });

  it('fades from one tile to the next in steps: no seam', async () => {
    // Every tile is of one grey, another one each: the hardest case. Along a row, each pixel is near its neighbour.
    let grey = 0;
    const decode = (x: tf.Tensor4D) => {
      grey++;
      return tf.fill([1, x.shape[1] * 8, x.shape[2] * 8, 1], grey);
    };
    const tiled = await decodeTiled(decode, tf.zeros([1, 8, 40, 1]), { tile: 16, overlap: 4 });
    const row = tiled.dataSync().subarray(0, 320);
    const steps = Array.from(row.subarray(1), (value, i) => value - (row[i] ?? 0));
    expect([row[0], row[319]]).toEqual([1, 3]);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(-1e-6);
    expect(Math.max(...steps)).toBeLessThan(1 / 32 + 1e-6); // 4 latent pixels of 8
  });

  it('of an autoencoder is near decoding at once, the nearer the larger the tiles, and holds one tile', async () => {
    const { vae, params } = await loadTiny();
    const z = draw(5, [1, 8, 24, 4]) as tf.Tensor4D;
    const whole = vae.decode(params, z);
    const largest: number[] = [];
    const progress: number[][] = [];
    const errors: number[] = [];
    for (const tile of [8, 16]) {
      const decode = (x: tf.Tensor4D) => {
        largest.push(x.size);
        return vae.decode(params, x);
      };
      const tiled = await decodeTiled(decode, z, { tile, overlap: 4, onProgress: (...at) => progress.push(at) });
      errors.push(relativeError(tiled.dataSync(), whole.dataSync()));
    }
    const [small = 1, large = 1] = errors;
    expect(large).toBeLessThan(small);
    expect(small).toBeLessThan(0.35);
    expect(largest).toEqual([...Array(5).fill(8 * 8 * 4), ...Array(2).fill(8 * 16 * 4)]);
    expect(progress.slice(0, 5)).toEqual([1, 2, 3, 4, 5].map((done) => [done, 5]));
  });

  it('stops between tiles, cleans up, and refuses what does not fit', async () => {
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    let calls = 0;
    const once = (x: tf.Tensor4D) => {
      calls++;
      stop.abort(new Error('enough'));
      return local(2)(x);
    };
    await expect(decodeTiled(once, latents, { tile: 4, signal: stop.signal })).rejects.toThrow('enough');
    expect(calls).toBe(1);
    await expect(decodeTiled(() => Promise.reject(new Error('broken')), latents)).rejects.toThrow('broken');
    await expect(decodeTiled((x) => tf.slice(x, [0, 0, 0, 0], [2, 3, 4, 2]), latents, { tile: 4 })).rejects.toThrow(
      /expected decode to give/,
    );
    await expect(decodeTiled(local(2), latents, { tile: 4, overlap: 4 })).rejects.toThrow(/0 ≤ overlap < tile/);
    expect(tf.memory().numTensors).toBe(before);
  });
});
