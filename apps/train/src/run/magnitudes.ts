import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import type { Magnitude, MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { forceWeightNorm, type Params, precondition, type UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import { writeFileAtomic } from '@edm2/tensor-files';
import { jit } from '@edm2/tfjs-jit';
import type { TrainBatch } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import { append } from './append.js';

/** What is recorded at status ticks. Compiled apart from the step, which computes the same with or without. */
export interface MagnitudeRecorder {
  /** Copies of the weights, to be compared after the step; undefined when updates are not asked for. The recorder's to dispose. */
  before(params: Params): Params | undefined;
  /** Measures on the step's own batch and adds a line. */
  record(nimg: number, params: Params, batch: TrainBatch, before: Params | undefined): Promise<void>;
  dispose(): void;
}

/** Features of each bucket, `[features]`. */
type Buckets = Map<string, tf.Tensor[]>;

/** The bucket of every learned layer in a half of the network: `enc 16`. Those before and after the halves are in none. */
function bucketsOf({ plan, layers, config }: UNet): ReadonlyMap<string, string> {
  const blocks = [...plan.encoder, ...plan.decoder];
  return new Map(
    layers.flatMap(({ name }): [string, string][] => {
      if (name === plan.inputName) return [[name, `enc ${config.imgResolution}`]];
      const block = blocks.find((each) => name.startsWith(`${each.name}.`));
      return block ? [[name, `${block.side} ${block.resolution}`]] : [];
    }),
  );
}

function put(buckets: Buckets, key: string | undefined, features: tf.Tensor): void {
  if (key !== undefined) buckets.set(key, [...(buckets.get(key) ?? []), features]);
}

/** `[max, mean]` over the features of each bucket. */
const summary = (buckets: Buckets): Params =>
  Object.fromEntries(
    [...buckets].map(([key, parts]) => {
      const all = tf.concat(parts);
      return [key, tf.stack([tf.max(all), tf.mean(all)])];
    }),
  );

const axesOf = (x: tf.Tensor): number[] => x.shape.map((_, axis) => axis);

/** Root mean square over all axes but the last, of each image if there are several. */
const rms = (x: tf.Tensor, axes: number[]): tf.Tensor => tf.sqrt(tf.mean(tf.square(x), axes));

/**
 * Records magnitudes during training: for each half and resolution the largest and the mean over features of `√(mean h²)`, taken of
 * each image over its pixels and averaged over images, for the outputs of all learned layers (after bias and gain, before anything
 * else), and the same of each output's weights, as they are stored.
 *
 * @see Karras et al. 2024, A.6 and Figures 3 and 15.
 */
export function createMagnitudes(
  outdir: string,
  unet: UNet,
  { engine }: EngineReport,
  { updates, sigmaData }: { updates: boolean; sigmaData: number },
): MagnitudeRecorder {
  const options = engine ? { engine } : {};
  const denoise = precondition(unet, { sigmaData });
  const layers = new Set(unet.layers.map(({ name }) => name));
  const bucket = bucketsOf(unet);
  const weightOf = (layer: string): string => `${layer}.weight`;
  const weights = unet.parameters.filter(({ kind }) => kind === 'weight').map(({ name }) => name);
  const measure = jit(
    (params: Params, x: Pick<TrainBatch, 'images' | 'noise' | 'sigma' | 'labels' | 'augmentLabels'>) => {
      const [active, stored]: [Buckets, Buckets] = [new Map(), new Map()];
      const seen: tf.Tensor[] = [];
      const noisy = tf.add(x.images, tf.mul(x.noise, tf.reshape(x.sigma, [-1, 1, 1, 1]))) as tf.Tensor4D;
      denoise(params)(noisy, x.sigma, x.labels, {
        augmentLabels: x.augmentLabels,
        onActivation(name, value) {
          if (!layers.has(name)) return;
          const pixels = rms(value, axesOf(value).slice(1, -1));
          const features = tf.mean(pixels, 0);
          // What is made inside the network is gone when it returns, unless it is only traced.
          if (!engine) seen.push(tf.keep(features));
          put(active, bucket.get(name), features);
        },
      });
      for (const name of layers) {
        const w = params[weightOf(name)];
        if (w) put(stored, bucket.get(name), rms(w, axesOf(w).slice(0, -1)));
      }
      const found = { activations: summary(active), weights: summary(stored) };
      tf.dispose(seen);
      return found;
    },
    options,
  );
  const copy = jit(
    (params: Params) => Object.fromEntries(weights.map((name) => [name, tf.mul(params[name] ?? 0, 1)])),
    options,
  );
  const compare = jit((before: Params, after: Params) => {
    // What a step of configs E to G starts from are the normalised weights.
    const start = forceWeightNorm(unet, before);
    return tf.stack(
      weights.map((name) => {
        const [from, to] = [start[name] ?? 0, after[name] ?? 0];
        return tf.sqrt(tf.div(tf.sum(tf.square(tf.sub(to, from))), tf.sum(tf.square(from))));
      }),
    );
  }, options);

  const read = (tree: Record<string, tf.Tensor>): Record<string, Magnitude> =>
    Object.fromEntries(
      Object.entries(tree).map(([key, value]) => {
        const [max = Number.NaN, mean = Number.NaN] = value.dataSync();
        return [key, { max, mean }];
      }),
    );
  return {
    before: (params) => (updates ? copy(pickNames(params, weights)) : undefined),
    async record(nimg, params, { images, noise, sigma, labels, augmentLabels }, before) {
      const found = measure(params, {
        images,
        noise,
        sigma,
        ...(labels ? { labels } : {}),
        ...(augmentLabels ? { augmentLabels } : {}),
      });
      const line: MagnitudeLine = {
        nimg,
        activations: read(found.activations),
        weights: read(found.weights),
        ...(before ? { updates: readUpdates(before, params) } : {}),
      };
      tf.dispose([found.activations, found.weights]);
      await append(path(outdir), `${JSON.stringify(line)}\n`);
    },
    dispose() {
      for (const compiled of [measure, copy, compare]) compiled.dispose();
    },
  };

  function readUpdates(before: Params, params: Params): Record<string, number | null> {
    const ratios = compare(before, pickNames(params, weights));
    const values = ratios.dataSync();
    tf.dispose([ratios, before]);
    return Object.fromEntries(
      weights.map((name, i) => [name, Number.isFinite(values[i]) ? (values[i] as number) : null]),
    );
  }
}

const pickNames = (params: Params, names: readonly string[]): Params =>
  Object.fromEntries(names.flatMap((name) => (params[name] ? [[name, params[name]]] : [])));

const path = (outdir: string): string => join(outdir, 'magnitudes.jsonl');

/** What a run recorded. A last line that was cut off is left out. */
export async function readMagnitudes(outdir: string): Promise<MagnitudeLine[]> {
  return parseJsonLines(await readFile(path(outdir), 'utf8').catch(() => ''));
}

/** Drops what was recorded after the training state that a run resumes from. */
export async function truncateMagnitudes(outdir: string, nimg: number): Promise<void> {
  const all = await readMagnitudes(outdir);
  const kept = all.filter((line) => line.nimg <= nimg);
  if (kept.length < all.length)
    await writeFileAtomic(path(outdir), kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
