import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeFid } from '@edm2/fid';
import { computeFid as ofNode } from '@edm2/fid/node';
import { writeSafetensors } from '@edm2/tensor-files';
import { startOnnxRuntime } from '@edm2/tfjs-onnxruntime';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { formulaImage, formulaWeights, readGoldenJson } from '../formula.fixture.js';
import { runFid } from './cli/program.js';

let folder = '';
const at = (...names: string[]): string => join(folder, ...names);
const weights = () => at('weights.safetensors');

const png = (n: number): Promise<Buffer> =>
  sharp(Uint8Array.from(formulaImage(32, 32, n)), { raw: { width: 32, height: 32, channels: 3 } })
    .png()
    .toBuffer();

/** What the command prints. */
async function fid(...args: string[]): Promise<string> {
  let out = '';
  const options = ['--weights', weights(), '--batch', '3', '--threads', '2'];
  const err = { write: (text: string) => text };
  const write = (text: string): void => {
    out += text;
  };
  const io = { out: write, err, signal: new AbortController().signal };
  expect(await runFid([...args, ...options], io)).toBe(0);
  return out;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edm2-compute-fid-'));
  for (const [name, numbers] of [
    ['a', [0, 1, 2]],
    ['b', [3, 4]],
  ] as const) {
    await mkdir(at(name));
    for (const n of numbers) await writeFile(at(name, `${n}.png`), await png(n));
  }
  await writeSafetensors(weights(), formulaWeights(readGoldenJson('inception-keys.json')));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

describe('computeFid', () => {
  it('is what fid calc prints, of images and of statistics, and tells how it goes', async () => {
    await tf.setBackend('cpu');
    const printed = JSON.parse(await fid('calc', at('a'), at('b'), '--json')).figures[0].value;
    const phases = new Set<string>();
    const warnings: string[] = [];
    const value = await computeFid(at('a'), at('b'), {
      weights: weights(),
      batch: 3,
      threads: 2,
      onProgress: ({ path, phase, done, total }) =>
        phases.add(`${path === at('a') ? 'a' : 'b'} ${phase} ${done}/${total}`),
      onWarning: (text) => warnings.push(text),
    });
    expect(value).toBe(printed);
    expect(value).toBeGreaterThan(0);
    expect([...phases]).toEqual(['a checking 3/3', 'b checking 2/2', 'a measuring 3/3', 'b measuring 2/2']);
    expect(warnings).toEqual([expect.stringMatching(/^2 real images for 2048 feature dimensions/)]);
    // TensorFlow.js computes where it did before.
    expect(tf.getBackend()).toBe('cpu');

    await fid('stats', at('b'), at('b.safetensors'));
    const engine = await startOnnxRuntime({ threads: 2 });
    await writeFile(at('a', 'labels.txt'), 'none');
    await writeFile(at('a', '9.png'), (await png(9)).subarray(0, 300));
    const said: string[] = [];
    const options = { weights: weights(), batch: 3, engine, onWarning: (text: string) => said.push(text) };
    await expect(ofNode(at('a'), at('b.safetensors'), options)).rejects.toThrow(/9\.png.*\{ skipCorrupt: true \}/s);
    const skipped = await ofNode(at('a'), at('b.safetensors'), { ...options, skipCorrupt: true });
    expect(Math.abs(skipped / value - 1)).toBeLessThan(1e-6);
    expect(said).toContainEqual(expect.stringMatching(/passed over 1 file that is not images?: labels\.txt$/));
    expect(said).toContainEqual(expect.stringMatching(/^skipped .*9\.png: \S/));
  });

  it('of statistics alone needs neither weights nor an engine, and warns where nobody listens', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const stats = at('b.safetensors');
    expect(await computeFid(stats, stats, { weights: at('none') })).toBe(0);
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^2 images for 2048/), { type: 'FidWarning' });
    await expect(computeFid(stats, stats, { network: 'dinov2' })).rejects.toThrow(
      /computeFid: expected statistics of 1024 dims for fd_dinov2 in .*, got none\. Choose the network with \{ network \}\./,
    );
  });

  it('says what to run where weights are missing, before anything is computed', async () => {
    const missing = computeFid(at('a'), at('b'), { weights: at('none.safetensors') });
    await expect(missing).rejects.toThrow(
      /^computeFid: expected the network's weights at .*none\.safetensors, got no file\. Where to get them: npx fid weights inception$/,
    );
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['an option that there is not', { detektor: 'x' }, /computeFid: expected options among network, .*, got detektor/],
    ['another network', { network: 'vgg' }, /expected network inception or dinov2, got vgg/],
    ['another engine', { engine: 'cuda' }, /expected engine auto, .*onnxruntime, .*, got cuda/],
    ['a batch of none', { batch: 0 }, /expected batch from 1 to 4096, got 0/],
    ['a resize of another network', { resize: 'pil' }, /expected resize 'tf1' or 'torch', got 'pil'/],
    ['an aborted signal', { signal: AbortSignal.abort(new Error('stop it')) }, /^stop it$/],
  ])('refuses %s', async (_, options, message) => {
    await expect(computeFid(at('a'), at('b'), options)).rejects.toThrow(message);
  });

  it('refuses what is no path, or a place without images', async () => {
    await expect(computeFid(5 as unknown as string, at('b'))).rejects.toThrow(/expected two paths, got number 5/);
    await mkdir(at('empty'));
    await expect(computeFid(at('empty'), at('b'), { weights: weights() })).rejects.toThrow(
      /expected images in .*empty/,
    );
  });
});
