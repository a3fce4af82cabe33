import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Io } from '@edm2/command/io';
import { ownCommand } from '@edm2/command/typed';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import type { ImageFeatures } from '../../metrics/metric.js';
import { createStatistics } from '../../statistics.js';
import { type Detector, dinov2Detector, inceptionDetector, type ResizeName } from '../detectors.js';
import { type EngineName, type OpenNetwork, openNetwork } from '../engine.js';
import { extractFeatures } from '../extract.js';
import { generatedFeatures, type OpenGenerator } from '../generator.js';
import { checkImages } from '../images/check-images.js';
import { openImages } from '../images/source.js';
import { holdsStatistics } from '../images/stack.js';
import type { FeatureBatch } from '../run-batch.js';
import { readStatistics } from '../statistics-file.js';
import type { StoredGaussian } from '../to-gaussian.js';
import { readWeights } from '../weights/read-weights.js';
import { sourceOf, storedPath } from '../weights/sources.js';
import { createProgress } from './progress.js';

/** Options that `calc` and `stats` share. */
export interface NetworkOptions {
  readonly network: 'inception' | 'dinov2';
  readonly weights?: string;
  readonly resize?: ResizeName;
  readonly batch: number;
  readonly engine: EngineName;
  readonly threads?: number;
  readonly skipCorrupt?: true;
  readonly acceptWarnings?: true;
  /** Every image is decoded once before anything is computed. */
  readonly check: boolean;
}

/** A set of images as a network sees it. */
export interface MeasuredSet extends ImageFeatures {
  readonly n: number | undefined;
  /** Images that were left out. */
  readonly skipped: number;
  readonly statistics: StoredGaussian;
}

const STATISTICS = new Set(['.safetensors', '.pkl']);
/** Whether a path names a file of statistics, by its ending, and for `.npz`, which may hold images, by what is in it. */
export const isStatistics = async (path: string): Promise<boolean> =>
  STATISTICS.has(extname(path).toLowerCase()) || holdsStatistics(path);

export const detectorOf = ({ network, resize }: NetworkOptions): Detector =>
  network === 'inception' ? inceptionDetector(resize) : dinov2Detector(resize);

/** Measures sets with one network, which is opened for the first set of images. */
export function createMeasurer(options: NetworkOptions, io: Io) {
  const detector = detectorOf(options);
  let network: OpenNetwork | undefined;
  const source = sourceOf(options.network === 'inception' ? 'inception' : 'dinov2-vitl14');
  const weights = options.weights ?? storedPath(source);
  const expectWeights = async (): Promise<void> => {
    const exists = await stat(weights).catch(() => undefined);
    if (!exists) {
      throw new Error(
        `expected the network's weights at ${weights}, got no file. Where to get them: ${ownCommand(['weights', source.name])}`,
      );
    }
  };
  const open = async (): Promise<OpenNetwork> => {
    await expectWeights();
    const dict = await readWeights(weights, detector.parameters);
    return openNetwork(detector, async () => fromStateDict(detector.parameters, dict), options);
  };
  return {
    detector,
    /** Finds what is wrong with the sets, as far as it can be known, before the first of them is measured. */
    async check(paths: readonly string[]): Promise<void> {
      const images: string[] = [];
      for (const path of paths) {
        if (await isStatistics(path)) await readStored(path, detector);
        else images.push(path);
      }
      if (images.length > 0) await expectWeights();
      for (const path of images) await checkSet(path, options, io);
    },
    /** Images of a folder or zip, or what a file says of them. */
    async measure(path: string, { keep }: { keep: boolean }): Promise<MeasuredSet> {
      if (await isStatistics(path)) return readStored(path, detector);
      const source = await openImages(path, { acceptWarnings: options.acceptWarnings });
      const progress = createProgress(io, path);
      let skipped = 0;
      try {
        network ??= await open();
        const batches = extractFeatures(source, {
          detector,
          run: network.run,
          batch: options.batch,
          skipCorrupt: options.skipCorrupt ?? false,
          signal: io.signal,
          onProgress: progress.update,
          onSkip: (error) => {
            skipped++;
            const [, reason = 'not an image'] = /, got (.*?) in /.exec(error.message) ?? [];
            io.err.write(`fid: skipped ${error.file}: ${reason}\n`);
          },
        });
        const measured = await accumulate(path, batches, detector, keep);
        return { ...measured, skipped };
      } finally {
        progress.end();
        await source.close();
      }
    },
    /** Images that a generator makes of these seeds. */
    async measureGenerated(
      { path, generate }: OpenGenerator,
      seeds: readonly number[],
      { keep }: { keep: boolean },
    ): Promise<MeasuredSet> {
      const progress = createProgress(io, path);
      try {
        network ??= await open();
        const batches = generatedFeatures(generate, seeds, {
          detector,
          run: network.run,
          batch: options.batch,
          signal: io.signal,
          onProgress: progress.update,
        });
        return { ...(await accumulate(path, batches, detector, keep)), skipped: 0 };
      } finally {
        progress.end();
      }
    },
    close: () => network?.close(),
  };
}

async function checkSet(path: string, { check, skipCorrupt, acceptWarnings }: NetworkOptions, io: Io): Promise<void> {
  const source = await openImages(path, { acceptWarnings });
  const progress = createProgress(io, `${path}: checking`);
  try {
    if (check)
      await checkImages(path, source, {
        skipCorrupt: skipCorrupt ?? false,
        onProgress: progress.update,
        signal: io.signal,
      });
  } finally {
    progress.end();
    await source.close();
  }
}

async function readStored(path: string, { metric, dims }: Detector): Promise<MeasuredSet> {
  const file = await readStatistics(path);
  const gaussian = file[metric];
  if (!gaussian || gaussian.mu.length !== dims) {
    throw new RangeError(
      `expected statistics of ${dims} dims for ${metric} in ${path}, got ${gaussian ? gaussian.mu.length : 'none'}. Choose the network with --network.`,
    );
  }
  return { n: file.n, skipped: 0, statistics: gaussian };
}

/** Statistics of batches of features, and what else is to be kept of them. */
async function accumulate(
  path: string,
  batches: AsyncIterable<FeatureBatch>,
  { dims }: Detector,
  keep: boolean,
): Promise<Omit<MeasuredSet, 'skipped'>> {
  const statistics = createStatistics(dims);
  const kept: FeatureBatch[] = [];
  for await (const batch of batches) {
    statistics.add(batch.features);
    if (keep) kept.push(batch);
  }
  if (statistics.n < 2) {
    throw new RangeError(`expected at least 2 images in ${path}, got ${statistics.n}. Add more.`);
  }
  const { mu, sigma, n } = statistics.result();
  if (!keep) return { n, statistics: { mu, sigma } };
  const logits = kept.flatMap((part) => (part.logits ? [part.logits] : []));
  return {
    n,
    statistics: { mu, sigma },
    features: join(kept.map((part) => part.features)),
    ...(logits.length > 0 ? { logits: join(logits) } : {}),
  };
}

function join(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
