import '@tensorflow/tfjs';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Magnitude } from '@edm2/app-kit/magnitudes/magnitude-line';
import { type Dataset, openDataset } from '@edm2/dataset';
import { type Params, precondition, type Switches } from '@edm2/edm2-unet';
import { loadNetwork } from '@edm2/edm2-unet/node';
import { startEngine } from '@edm2/engine';
import { createRandom } from '@edm2/random';
import { readSafetensors } from '@edm2/tensor-files';
import { jit } from '@edm2/tfjs-jit';
import type { TrainBatch } from '@edm2/training';
import { loadState } from '@edm2/training/node';
import * as tf from '@tensorflow/tfjs-core';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveRunConfig } from '../options/resolve.js';
import type { RunConfig } from '../options/run-config.js';
import { batches } from './batches.js';
import { readMagnitudes } from './magnitudes.js';
import { buildNetwork } from './network.js';
import { prepareRunFolder } from './run-folder.js';
import { trainRun } from './train-run.js';

const scratch = mkdtempSync(join(tmpdir(), 'edm2-recorded-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let dataset: Dataset;
beforeAll(async () => {
  const random = createRandom(1);
  for (let i = 0; i < 40; i++) {
    const folder = join(scratch, 'data', String(i % 2));
    mkdirSync(folder, { recursive: true });
    const data = Uint8Array.from(random.stream('image', i).integers(64, 256));
    writeFileSync(join(folder, `${i}.png`), encode({ width: 8, height: 8, channels: 1, depth: 8, data }));
  }
  dataset = await openDataset(join(scratch, 'data'));
});

/** Steps of a thousand images, as files count them: a training state and a record after each. */
async function train(
  letter: 'A' | 'C' | 'E',
  duration: number,
  given: { switch?: Switches } = {},
): Promise<{ outdir: string; config: RunConfig }> {
  const outdir = join(scratch, letter);
  const at = { batch: 1000, duration, status: 1000, snapshot: duration, checkpoint: 1000, preview: duration };
  const flags = { seed: 3, magnitudes: true, updates: true };
  const resolved = resolveRunConfig({ ...at, ...flags, ...given, config: letter }, dataset);
  const config = { ...resolved, network: { ...resolved.network, modelChannels: 8, channelsPerHead: 8 } };
  await prepareRunFolder(outdir, config, false);
  const engine = await startEngine('onnxruntime', { threads: 1 });
  const rest = { signal: new AbortController().signal, say: () => {}, resume: false, resumeCommand: '' };
  await trainRun({ config, dataset, outdir, engine, ...rest });
  return { outdir, config };
}

/** Rows of the weights in a training state: one for each output, its inputs in the file's order. */
async function storedRows(outdir: string, kimg: number): Promise<Map<string, number[][]>> {
  const file = await readSafetensors(join(outdir, `training-state-000000${kimg}.safetensors`));
  const rows = new Map<string, number[][]>();
  for (const entry of file.names) {
    const [, name] = /^params\/(unet\..*\.weight)$/.exec(entry) ?? [];
    if (!name || /norm/.test(name)) continue;
    const { data, shape } = await file.readFloat32(entry);
    const [outputs = 1] = shape;
    const fanIn = data.length / outputs;
    rows.set(
      name,
      Array.from({ length: outputs }, (_, o) => Array.from(data.slice(o * fanIn, (o + 1) * fanIn))),
    );
  }
  await file.close();
  return rows;
}

const rmsOf = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

/** The largest and the mean of each bucket's features. */
function byBucket(features: Iterable<readonly [name: string, values: readonly number[]]>): Record<string, Magnitude> {
  const buckets: Record<string, number[]> = {};
  for (const [name, values] of features)
    for (const side of ['enc', 'dec'])
      for (const resolution of [8, 4])
        if (name.startsWith(`unet.${side}.${resolution}x${resolution}_`)) {
          const key = `${side} ${resolution}`;
          buckets[key] = [...(buckets[key] ?? []), ...values];
        }
  return Object.fromEntries(
    Object.entries(buckets).map(([key, all]) => [
      key,
      { max: Math.max(...all), mean: all.reduce((sum, x) => sum + x, 0) / all.length },
    ]),
  );
}

function expectClose(recorded: Readonly<Record<string, Magnitude>>, byHand: Record<string, Magnitude>): void {
  expect(Object.keys(byHand).sort()).toEqual(['dec 4', 'dec 8', 'enc 4', 'enc 8']);
  expect(Object.keys(recorded).sort()).toEqual(Object.keys(byHand).sort());
  for (const [key, { max, mean }] of Object.entries(byHand)) {
    expect((recorded[key]?.max ?? Number.NaN) / max, key).toBeCloseTo(1, 4);
    expect((recorded[key]?.mean ?? Number.NaN) / mean, key).toBeCloseTo(1, 4);
  }
}

describe.each(['C', 'E'] as const)(
  'what a run of config %s records is what its stored weights give by hand',
  (letter) => {
    let run: Awaited<ReturnType<typeof train>>;
    beforeAll(async () => {
      run = await train(letter, 2000, letter === 'E' ? { switch: { attention: 'dot-product' } } : {});
    });
    const lastLine = async () => {
      const lines = await readMagnitudes(run.outdir);
      expect(lines.map(({ nimg }) => nimg)).toEqual([1000, 2000]);
      const [, line] = lines;
      if (!line) throw new Error('no line');
      return line;
    };

    test('weights', async () => {
      const rows = await storedRows(run.outdir, 2);
      expectClose((await lastLine()).weights, byBucket([...rows].map(([name, each]) => [name, each.map(rmsOf)])));
    });

    test('how far the last step moved each weight, from the normalised one where it is forced', async () => {
      const [before, after] = [await storedRows(run.outdir, 1), await storedRows(run.outdir, 2)];
      const forced = letter === 'E';
      const { updates = {} } = await lastLine();
      expect(Object.keys(updates).sort()).toEqual([...before.keys()].sort());
      for (const [name, rows] of before) {
        const start = rows.flatMap((row) => row.map((x) => (forced ? x / (1e-4 + rmsOf(row)) : x)));
        const end = (after.get(name) ?? []).flat();
        const ratio = rmsOf(end.map((x, i) => x - (start[i] ?? Number.NaN))) / rmsOf(start);
        expect(ratio, name).toBeGreaterThan(0);
        // 1e-3: a small difference of float32 numbers.
        expect(Math.abs((updates[name] ?? Number.NaN) / ratio - 1), name).toBeLessThan(1e-3);
      }
    });

    test('activations of the step’s own batch', async () => {
      const { config, outdir } = run;
      const { unet, uncertainty } = buildNetwork(config);
      const { state } = await loadState(join(outdir, 'training-state-0000002.safetensors'), { unet, uncertainty });
      const engine = await startEngine('onnxruntime', { threads: 1 });
      // Compiled for speed alone: it hands out every layer's output as it is.
      const outputs = jit(
        (params: Params, { images, noise, sigma, labels }: TrainBatch) => {
          const seen: Params = {};
          const noisy = tf.add(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1]))) as tf.Tensor4D;
          precondition(unet, { sigmaData: config.sigmaData })(params)(noisy, sigma, labels, {
            onActivation(name, value) {
              if (params[`${name}.weight`]) seen[name] = value;
            },
          });
          return seen;
        },
        engine.engine ? { engine: engine.engine } : {},
      );
      for await (const { batch } of batches(dataset, config, unet, 1000, new AbortController().signal)) {
        const seen = outputs(state.params, batch);
        const features = Object.entries(seen).map(([name, value]) => [name, featuresOf(value)] as const);
        expectClose((await lastLine()).activations, byBucket(features));
        break;
      }
      outputs.dispose();
    });
  },
);

test('a switch reaches the network that is trained and stored', async () => {
  const { unet, params } = await loadNetwork(join(scratch, 'E', 'network-snapshot-0000002-0.050.safetensors'));
  expect(unet.config.attention).toBe('dot-product');
  const learned = Object.keys(params).filter((name) => name.endsWith('.attn_norm.weight'));
  expect(learned.length).toBeGreaterThan(0);
  // It learns: it begins as ones.
  for (const name of learned) expect(new Set(params[name]?.dataSync()).size).toBeGreaterThan(1);
});

/** Of each channel: the RMS over an image's pixels, averaged over images. */
function featuresOf(value: tf.Tensor): number[] {
  const data = value.dataSync();
  const [images = 1, channels = 1] = [value.shape[0], value.shape.at(-1)];
  const pixels = data.length / images / channels;
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let n = 0; n < images; n++) {
      let squares = 0;
      for (let p = 0; p < pixels; p++) squares += (data[(n * pixels + p) * channels + c] ?? Number.NaN) ** 2;
      sum += Math.sqrt(squares / pixels);
    }
    return sum / images;
  });
}

test('a weight that is zero has no relative update', async () => {
  const { outdir } = await train('A', 1000);
  const [first] = await readMagnitudes(outdir);
  const nothing = Object.entries(first?.updates ?? {}).filter(([, ratio]) => ratio === null);
  expect(nothing.length).toBeGreaterThan(0);
  for (const [name] of nothing) expect(name).toMatch(/conv_res1|attn_proj|out_conv/);
});
