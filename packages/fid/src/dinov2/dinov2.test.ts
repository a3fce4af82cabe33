import '@tensorflow/tfjs-backend-cpu';
import { createDinov2, resizePixels } from '@edm2/fid/dinov2';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import { ENGINES } from '@edm2/test-engines';
import { maxAbsoluteError, nchwToNhwc, readGolden, relativeError } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { fileShapes, formulaImage, formulaWeights, readGoldenJson } from '../formula.fixture.js';
import { positions } from './create-dinov2.js';
import { resizeBicubic } from './preprocess.js';

const golden = readGolden('dinov2');
const keys: Record<'tiny' | 'vitl14', Record<string, number[]>> = readGoldenJson('dinov2-keys.json');
const TINY = { dim: 96, depth: 4, heads: 6 };
const sizes = { small: [64, 48], full: [299, 299] } as const;

const image = (size: 'small' | 'full', n: number): Float32Array => {
  const [height, width] = sizes[size];
  return formulaImage(height, width, n);
};
const images = (size: 'small' | 'full'): tf.Tensor4D =>
  tf.tensor4d([...image(size, 0), ...image(size, 1)], [2, ...sizes[size], 3]);

test('the parameters are the official checkpoints’: names, order, shapes', () => {
  expect(fileShapes(createDinov2(TINY).parameters)).toEqual(Object.entries(keys.tiny));
  const large = createDinov2({ dim: 1024, depth: 24, heads: 16 }).parameters;
  expect(fileShapes(large)).toEqual(Object.entries(keys.vitl14));
  expect(large.reduce((sum, { shape }) => sum + shape.reduce((n, side) => n * side, 1), 0)).toBe(304_368_640);
});

describe.each(ENGINES)('the golden features, through jit on $name', ({ name, absent, start }) => {
  describe.skipIf(absent !== undefined)(absent === undefined ? 'present' : `skipped: ${absent}`, () => {
    // One size is enough to hold a lowering; the other holds the network.
    const tested = name === 'onnxruntime' ? (['small', 'full'] as const) : (['small'] as const);
    const net = createDinov2(TINY);
    let params: Record<string, tf.Tensor> = {};
    beforeAll(async () => {
      await tf.setBackend((await start()).backend);
      params = fromStateDict(net.parameters, formulaWeights(keys.tiny));
    });
    afterAll(() => {
      tf.dispose(params);
    });

    it.each(tested)('%s images', (size) => {
      const run = jit((weights: Record<string, tf.Tensor>, pixels: tf.Tensor4D) => {
        const rows: Record<string, tf.Tensor> = {};
        const cls = net.apply(weights, pixels, {
          onActivation: (name, value) => {
            if (name.startsWith('block')) rows[name.replace('.out', '.cls')] = tf.slice(value, [0, 0, 0], [-1, 1, -1]);
          },
        });
        return { cls, rows };
      });
      const pixels = images(size);
      const before = tf.memory().numTensors;
      const { cls, rows } = run(params, pixels);
      expect(tf.memory().numTensors).toBe(before + 5);
      // Resize-dependent: the reference's float32 coordinates move pixels by up to 5e-3 of 255.
      expect(relativeError(cls.dataSync(), golden.get(`${size}.cls`).data)).toBeLessThan(5e-4);
      expect(relativeError(cls.dataSync(), golden.get(`${size}.cls_f64run`).data)).toBeLessThan(5e-4);
      expect(relativeError(cls.dataSync(), golden.get(`${size}.cls_pil`).data)).toBeGreaterThan(5e-3);
      if (size === 'small') {
        for (const [name, row] of Object.entries(rows)) {
          expect(relativeError(row.dataSync(), golden.get(name).data), name).toBeLessThan(5e-4);
        }
      }
      tf.dispose([cls, rows, pixels]);
      run.dispose();
    });

    it.each(tested)('%s images resized as Pillow does', (size) => {
      const [height, width] = sizes[size];
      const resized = [0, 1].map((n) =>
        resizePixels({ height, width, data: Uint8Array.from(image(size, n)) }, [224, 224]),
      );
      const pixels = tf.tensor4d(
        resized.flatMap(({ data }) => Array.from(data)),
        [2, 224, 224, 3],
      );
      const run = jit((weights: Record<string, tf.Tensor>, x: tf.Tensor4D) => net.apply(weights, x));
      const cls = run(params, pixels);
      // The same pixels bit for bit: what is left is float32.
      expect(relativeError(cls.dataSync(), golden.get(`${size}.cls_pil`).data)).toBeLessThan(1e-5);
      tf.dispose([cls, pixels]);
      run.dispose();
    });
  });
});

describe('parts, on the cpu backend', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each(['small', 'full'] as const)('the resize of %s images is torch’s, neither clamped nor rounded', (size) => {
    const stored = nchwToNhwc(golden.get(`${size}.resize.torch`)); // the first rows
    const rows = tf.tidy(() => {
      const one = tf.tensor4d(image(size, 0), [1, ...sizes[size], 3]);
      return tf.slice(resizeBicubic(one, 224), [0, 0, 0, 0], [1, 12, -1, -1]).dataSync();
    });
    expect(maxAbsoluteError(rows, stored.data)).toBeLessThan(1e-2);
  });

  it.each(['small', 'full'] as const)('resizePixels of %s images is Pillow’s, bit for bit', (size) => {
    const [height, width] = sizes[size];
    const { data } = resizePixels({ height, width, data: Uint8Array.from(image(size, 0)) }, [224, 224]);
    const stored = nchwToNhwc(golden.get(`${size}.resize.pil`)); // the first rows
    expect(Array.from(data.subarray(0, stored.data.length))).toEqual(Array.from(stored.data));
  });

  it('the positions are those of the official code, with its offset', () => {
    const table = formulaWeights({ pos_embed: [1, 1370, 96] })['pos_embed'];
    const before = tf.memory().numTensors;
    const values = tf.tidy(() =>
      positions(tf.tensor3d(table?.data ?? [], [1, 1370, 96]), { dim: 96, table: 37, grid: 16 }).dataSync(),
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(relativeError(values, golden.get('pos_embed.interpolated').data)).toBeLessThan(1e-5);
  });

  it('refuses sizes that do not fit, grey images and missing parameters', () => {
    expect(() => createDinov2({ dim: 96, depth: 4, heads: 5 })).toThrow(/heads to divide dim/);
    expect(() => createDinov2({ ...TINY, imgSize: 500 })).toThrow(/imgSize, got 6, 96, 14, 500/);
    expect(() => createDinov2({ ...TINY, depth: 0 })).toThrow(/depth ≥ 1, got 0/);
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      expect(() => createDinov2(TINY).apply({}, tf.zeros([1, 8, 8, 1]))).toThrow(/got \[1,8,8,1\]/);
      expect(() => createDinov2(TINY).apply({}, tf.zeros([1, 8, 8, 3]))).toThrow(/patch_embed\.proj\.weight, got none/);
    });
    expect(tf.memory().numTensors).toBe(before);
    const blank = { height: 2, width: 2, data: new Uint8Array(16) };
    expect(() => resizePixels(blank, [1, 1])).toThrow(/2×2×3 values, got 16/);
    expect(() => resizePixels(blank, [0, 1])).toThrow(/sides from 1/);
  });
});
