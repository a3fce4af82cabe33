import '@tensorflow/tfjs-backend-cpu';
import { createInception } from '@edm2/fid/inception';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import { ENGINES } from '@edm2/test-engines';
import { maxAbsoluteError, nchwToNhwc, readGolden, relativeError } from '@edm2/test-support';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { fileShapes, formulaImage, formulaWeights, readGoldenJson } from '../formula.fixture.js';
import { resizeImages } from './resize.js';

const golden = readGolden('inception');
const keys: Record<string, number[]> = readGoldenJson('inception-keys.json');
const sizes = { small: [64, 48], full: [299, 299] } as const;

/** Both images of a size, `[2, H, W, 3]`. */
function images([height, width]: readonly [number, number]): tf.Tensor4D {
  const pixels = [0, 1].flatMap((n) => Array.from(formulaImage(height, width, n)));
  return tf.tensor4d(pixels, [2, height, width, 3]);
}

test('the parameters are the published files’: names, order, shapes', () => {
  const { parameters } = createInception();
  expect(fileShapes(parameters)).toEqual(Object.entries(keys));
  expect(parameters.reduce((sum, { shape }) => sum + shape.reduce((n, side) => n * side, 1), 0)).toBe(23_885_486);
});

test('the formula makes the stored images', () => {
  const stored = nchwToNhwc(golden.get('small.image'));
  expect([...formulaImage(64, 48, 0), ...formulaImage(64, 48, 1)]).toEqual(Array.from(stored.data));
});

describe.each(ENGINES)('the golden features, through jit on $name', ({ name, absent, start }) => {
  describe.skipIf(absent !== undefined)(absent === undefined ? 'present' : `skipped: ${absent}`, () => {
    // One size is enough to hold a lowering; the other holds the network.
    const tested = name === 'onnxruntime' ? (['small', 'full'] as const) : (['small'] as const);
    let params: Record<string, tf.Tensor> = {};
    beforeAll(async () => {
      await tf.setBackend((await start()).backend);
      params = fromStateDict(createInception().parameters, formulaWeights(keys));
    });
    afterAll(() => {
      tf.dispose(params);
    });

    it.each(tested)('tf1, %s', (size) => {
      const inception = createInception();
      const corners: string[] = [];
      const run = jit((weights: Record<string, tf.Tensor>, pixels: tf.Tensor4D) => {
        const taps: Record<string, tf.Tensor> = {};
        const features = inception.apply(weights, pixels, {
          onActivation: (name, value) => {
            if (!corners.includes(name)) corners.push(name);
            taps[name] = tf.slice(value, [0, 0, 0, 0], [-1, 1, 1, -1]);
            if (name === 'MaxPool_1') taps['feat64'] = tf.mean(value, [1, 2]);
            if (name === 'MaxPool_2') taps['feat192'] = tf.mean(value, [1, 2]);
            if (name === 'Mixed_6e') taps['feat768'] = tf.mean(value, [1, 2]);
          },
        });
        return { features, taps };
      });
      const pixels = images(sizes[size]);
      const before = tf.memory().numTensors;
      const { features, taps } = run(params, pixels);
      expect(tf.memory().numTensors).toBe(before + 4 + corners.length + 3);
      const check = (name: string, actual: tf.Tensor | undefined, bound = 1e-5): void => {
        expect(relativeError(actual?.dataSync() ?? [], golden.get(`${size}.tf1.${name}`).data), name).toBeLessThan(
          bound,
        );
      };
      // Float32 runs of the reference differ from float64 ones by 2e-7; the wrong scaling by 8e-4.
      check('pool', features.pool);
      check('pool_f64run', features.pool);
      check('logits', features.logits);
      check('logits_unbiased', features.logitsUnbiased);
      for (const name of ['feat64', 'feat192', 'feat768']) check(name, taps[name]);
      if (size === 'small') {
        expect(corners).toEqual(JSON.parse(golden.metadata['module_order'] ?? '[]'));
        for (const name of corners) check(`corner.${name}`, taps[name]);
        const spatial = nchwToNhwc(golden.get('small.tf1.spatial7'));
        expect(relativeError(features.spatial.dataSync(), spatial.data)).toBeLessThan(1e-5);
      }
      tf.dispose([features, taps, pixels]);
      run.dispose();
    });

    it.each(tested)('torch, %s; and not those of tf1', (size) => {
      const inception = createInception({ resize: 'torch' });
      const run = jit(
        (weights: Record<string, tf.Tensor>, pixels: tf.Tensor4D) => inception.apply(weights, pixels).pool,
      );
      const pixels = images(sizes[size]);
      const pool = run(params, pixels);
      expect(relativeError(pool.dataSync(), golden.get(`${size}.torch.pool`).data)).toBeLessThan(1e-5);
      expect(relativeError(pool.dataSync(), golden.get(`${size}.tf1.pool`).data)).toBeGreaterThan(5e-4);
      tf.dispose([pool, pixels]);
      run.dispose();
    });
  });
});

describe('on the cpu backend', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  // Stored: the first rows of image 0, scaled 0…255. Coordinates in float32 move pixels of such noisy images by that much.
  it.each(['tf1', 'torch'] as const)('the resize is that of %s', (mode) => {
    const stored = nchwToNhwc(golden.get(`small.resize.${mode}`));
    const before = tf.memory().numTensors;
    const rows = tf.tidy(() =>
      tf.slice(resizeImages(images(sizes.small), mode), [0, 0, 0, 0], [1, 12, -1, -1]).dataSync(),
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(maxAbsoluteError(rows, stored.data)).toBeLessThan(mode === 'tf1' ? 1e-3 : 1e-2);
  });

  it('refuses grey images, missing parameters and unknown resizes, and leaks nothing', () => {
    const before = tf.memory().numTensors;
    const inception = createInception();
    const grey = tf.zeros([1, 8, 8, 1]);
    const colour = tf.zeros([1, 8, 8, 3]);
    expect(() => inception.apply({}, grey)).toThrow(/\[N, H, W, 3\], got \[1,8,8,1\]/);
    expect(() => inception.apply({}, colour)).toThrow(/Conv2d_1a_3x3\.bn\.weight, got none/);
    expect(() => createInception({ resize: 'pil' as 'torch' })).toThrow(/'tf1' or 'torch', got "pil"/);
    tf.dispose([grey, colour]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
