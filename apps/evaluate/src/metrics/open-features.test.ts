import { commandWords, createCollector, judgeImages, openFeatures, readReference, writeReference } from 'edm2/parts';
import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from '@edm2/app-scoring/scores/measure';
import { startEngine } from '@edm2/engine';
import { createDinov2 } from '@edm2/fid/dinov2';
import { createRandom } from '@edm2/random';
import { writeSafetensors } from '@edm2/tensor-files';
import { toStateDict } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-features-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const weights = join(scratch, 'dinov2.safetensors');
const tiny = createDinov2({ dim: 64, depth: 1, heads: 1 });
const random = createRandom(5);
const pixels = random.stream('pixels').integers(20 * 16 * 16 * 3, 256);
const images = { data: Uint8Array.from(pixels), shape: [20, 16, 16, 3] as const };
let params: Record<string, tf.Tensor> = {};

beforeAll(async () => {
  params = Object.fromEntries(
    tiny.parameters.map(({ name, shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        tf.tensor(
          random
            .stream(name)
            .normal(count)
            .map((z) => z * 0.1),
          [...shape],
        ),
      ];
    }),
  );
  await writeSafetensors(weights, toStateDict(tiny.parameters, params), { network: 'dinov2-vitl14' });
});

test('DINOv2 of any size: the features of the network itself, whatever the batch', async () => {
  const network = await openFeatures(weights, await startEngine('onnxruntime', { threads: 1 }));
  expect(network).toMatchObject({ name: 'dinov2', figure: 'FD_DINOv2', dims: 64 });
  const { features } = await network.judge(images);
  const direct = tiny.apply(params, tf.tensor4d(Float32Array.from(pixels), [20, 16, 16, 3]));
  const expected = direct.dataSync();
  expect(features).toHaveLength(20 * 64);
  expect(Math.max(...features.map((value, i) => Math.abs(value - (expected[i] ?? 0))))).toBeLessThan(1e-4);

  // Statistics of the same images lie at distance 0, through the published format too.
  const collector = createCollector(network, { features: true });
  collector.add(await judgeImages(network, images));
  const collected = collector.result();
  const path = join(scratch, 'reference.safetensors');
  for (const kept of [undefined, collected.features]) {
    await writeReference(path, collected.statistics, network, kept);
    const reference = await readReference(path, network);
    expect(reference.n).toBe(20);
    expect(reference.features).toEqual(kept);
    const { figures } = await measure(collected, { network, reference, metrics: ['fd', 'sfd'] });
    expect(figures).toEqual({ fd: { value: 0 }, sfd: { value: 0 } });
  }
  await expect(readReference(path, { ...network, dims: 32 })).rejects.toThrow(/expected 32 features of dinov2, got 64/);
  await expect(readReference(path, { ...network, metric: 'fid' })).rejects.toThrow(/those of another network/);
  network.dispose();
});

test('weights of no known network are refused by name', async () => {
  const path = join(scratch, 'other.safetensors');
  await writeSafetensors(path, { a: { shape: [1], data: new Float32Array(1) } }, { network: 'vgg' });
  await expect(openFeatures(path, await startEngine('onnxruntime', { threads: 1 }), commandWords)).rejects.toThrow(
    /got .*other\.safetensors of vgg/,
  );
});
