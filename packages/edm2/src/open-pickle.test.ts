import '@tensorflow/tfjs';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenPath, nchwToNhwc, readGolden, relativeError } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import { open } from 'edm2';
import { expect, test } from 'vitest';

const ENGINE = { engine: 'onnxruntime', threads: 1 } as const;
const RGB = 'edm2-tiny-rgb-0000262-0.050.pkl';
const golden = readGolden('snapshot');
/** An array in TensorFlow.js's layout. */
function tensor(key: string): tf.Tensor {
  const stored = golden.get(key);
  const { data, shape } = stored.shape.length === 4 ? nchwToNhwc(stored) : stored;
  return tf.tensor(Float32Array.from(data), shape, 'float32');
}

test('a pickle of NVIDIA’s: its denoiser gives the golden numbers, and it draws', async () => {
  const model = await open(goldenPath(RGB), ENGINE);
  try {
    expect(model).toMatchObject({ classes: 0, sigmaData: 0.5, path: goldenPath(RGB) });
    expect(model.config).toMatchObject({ imgResolution: 16, imgChannels: 3, modelChannels: 8 });
    const denoised = await model.denoiser(tensor('b-out.x') as tf.Tensor4D, tensor('b-out.sigma') as tf.Tensor1D);
    expect(relativeError(denoised.dataSync(), tensor('b-out.denoised').dataSync())).toBeLessThan(1e-5);
    const { value } = await model.sample({ seeds: [0, 1], steps: 3 }).next();
    expect(value?.shape).toEqual([2, 16, 16, 3]);
    expect(new Set(value?.images).size).toBeGreaterThan(20);
  } finally {
    model.dispose();
  }
});

test('a pickle of a network of latents has classes, and asks for its autoencoder when it draws', async () => {
  const model = await open(goldenPath('network-snapshot-0008388-0.100.pkl'), ENGINE);
  try {
    expect(model.classes).toBe(10);
    expect(model.metadata).toMatchObject({ vae: 'stabilityai/sd-vae-ft-mse', nimg: '8388608', sigmaRel: '0.1' });
    await expect(model.sample({ seeds: [0], steps: 2 }).next()).rejects.toThrow(/vae/);
  } finally {
    model.dispose();
  }
});

test('what a pickle may not name is refused, in a run’s folder too', async () => {
  await expect(open(goldenPath('refuse-global.pkl'), ENGINE)).rejects.toThrow(/refuse-global\.pkl/);
  const folder = mkdtempSync(join(tmpdir(), 'edm2-pickle-'));
  try {
    copyFileSync(goldenPath(RGB), join(folder, RGB));
    const model = await open(folder, ENGINE);
    expect(model.how).toMatch(/^EMA length 0\.05 of /);
    model.dispose();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
