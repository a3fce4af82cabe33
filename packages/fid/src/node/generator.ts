import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PixelImage } from '../dinov2/resize-pixels.js';
import type { Detector } from './detectors.js';
import { type PixelBatch, splitPixels } from './images/pixel-batch.js';
import { type FeatureBatch, type RunNetwork, runBatch } from './run-batch.js';

/** What a generator makes: one image a seed. */
export type GeneratedImages = PixelBatch;

/** Makes one image per seed, in their order. */
export type ImageGenerator = (seeds: readonly number[]) => GeneratedImages | Promise<GeneratedImages>;

/** A generator and where it is from. */
export interface OpenGenerator {
  readonly path: string;
  readonly generate: ImageGenerator;
}

/** Modules that Node.js imports. */
const MODULES = new Set(['.js', '.mjs', '.cjs']);

/**
 * Imports a JavaScript module that exports `generate` (by that name, or as default). The module is the caller's own program: it runs. A module,
 * because this package must score any generator, and networks of ours are a layer above it.
 *
 * @throws {Error} (rejects) when there is no such file, it is not a module, or it exports no such function.
 */
export async function openGenerator(path: string): Promise<OpenGenerator> {
  if (!MODULES.has(extname(path).toLowerCase())) {
    throw new Error(
      `gen: expected a JavaScript module (.js, .mjs, .cjs) that exports generate(seeds), got ${path}. Write one that samples your network; EDM2 snapshots go to edm2-evaluate metrics gen.`,
    );
  }
  if (!(await stat(path).catch(() => undefined))?.isFile()) {
    throw new Error(`gen: expected a module at ${path}, got no file. Check the path.`);
  }
  const module: Record<string, unknown> = await import(pathToFileURL(resolve(path)).href);
  const generate = module['generate'] ?? module['default'];
  if (typeof generate !== 'function') {
    throw new Error(
      `gen: expected ${path} to export a function generate(seeds), got ${Object.keys(module).join(', ') || 'nothing'}. Export one.`,
    );
  }
  return { path, generate: generate as ImageGenerator };
}

/** Options of `generatedFeatures`. */
export interface GeneratedFeaturesOptions {
  readonly detector: Detector;
  readonly run: RunNetwork;
  /** Seeds at a time. */
  readonly batch: number;
  readonly onProgress?: (progress: { done: number; total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Features of the images that a generator makes; nothing is stored.
 *
 * @yields features of `batch` images at a time, in the order of the seeds.
 * @throws {RangeError} when the generator returns something else than one image of 8 bits a channel per seed.
 */
export async function* generatedFeatures(
  generate: ImageGenerator,
  seeds: readonly number[],
  { detector, run, batch, onProgress, signal }: GeneratedFeaturesOptions,
): AsyncGenerator<FeatureBatch> {
  for (let at = 0; at < seeds.length; at += batch) {
    signal?.throwIfAborted();
    const wanted = seeds.slice(at, at + batch);
    const images = checkedImages(await generate(wanted), wanted.length);
    yield runBatch(
      run,
      images.map((image) => detector.prepare(image)),
      batch,
    );
    onProgress?.({ done: at + wanted.length, total: seeds.length });
    // Lets Ctrl-C through: a generator may return at once, and a compiled network does.
    await new Promise((resume) => setImmediate(resume));
  }
}

function checkedImages(images: GeneratedImages, count: number): PixelImage[] {
  const { data, shape } = images ?? {};
  const [n, height = 0, width = 0, channels = 0] = shape ?? [];
  const isBytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  const size = height * width * channels;
  if (!isBytes || n !== count || (channels !== 3 && channels !== 1) || size < 1 || data.length !== count * size) {
    throw new RangeError(
      `gen: expected generate to return { data: Uint8Array, shape: [${count}, height, width, 3 or 1] }, got shape ${shape ? `[${shape}]` : 'none'} and ${isBytes ? `${data.length} bytes` : typeof data}. One image per seed, row-major.`,
    );
  }
  return splitPixels(images);
}
