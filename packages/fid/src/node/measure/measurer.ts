import { stat } from 'node:fs/promises';
import { fromStateDict } from '@edm2/tensor-files/tfjs';
import { type Detector, dinov2Detector, inceptionDetector, type ResizeName } from '../detectors.js';
import { type EngineChoice, engineOf } from '../engine.js';
import { extractFeatures } from '../extract.js';
import { generatedFeatures, type OpenGenerator } from '../generator.js';
import { checkImages } from '../images/check-images.js';
import type { ImageError } from '../images/image-error.js';
import { openImages } from '../images/source.js';
import { type OpenNetwork, openNetwork } from '../open-network.js';
import { readWeights } from '../weights/read-weights.js';
import { sourceOf, storedPath } from '../weights/sources.js';
import { accumulate, isStatisticsFile, type MeasuredSet, readMeasured } from './measured-set.js';
import type { MeasureWords } from './words.js';

/** Which network sees the images, and how they are read. */
export interface MeasurerOptions {
  readonly network: 'inception' | 'dinov2';
  readonly weights?: string | undefined;
  readonly resize?: ResizeName | undefined;
  readonly batch: number;
  readonly engine: EngineChoice;
  readonly threads?: number | undefined;
  readonly skipCorrupt?: boolean | undefined;
  readonly acceptWarnings?: boolean | undefined;
  /** Every image is decoded once before anything is computed. */
  readonly check: boolean;
}

/** Shows how far one piece of work is. */
export interface MeasureProgress {
  update(progress: { readonly done: number; readonly total: number }): void;
  end(): void;
}

/** Who is told what, and in which words. */
export interface MeasureEvents {
  readonly words: MeasureWords;
  readonly signal?: AbortSignal | undefined;
  /** @param checking - images are looked through before anything is computed, else measured. */
  startProgress(path: string, checking: boolean): MeasureProgress;
  /** An image was left out. */
  onSkip(error: ImageError): void;
  /** Files of a set that are not images, by name. */
  onPassedOver(path: string, files: readonly string[]): void;
}

export const detectorOf = ({ network, resize }: Pick<MeasurerOptions, 'network' | 'resize'>): Detector =>
  network === 'inception' ? inceptionDetector(resize) : dinov2Detector(resize);

/** Measures sets with one network, which is opened for the first set of images. */
export function createMeasurer(options: MeasurerOptions, events: MeasureEvents) {
  const { words, signal } = events;
  const { batch } = options;
  const detector = detectorOf(options);
  let network: OpenNetwork | undefined;
  let before: string | undefined;
  const source = sourceOf(options.network === 'inception' ? 'inception' : 'dinov2-vitl14');
  const weights = options.weights ?? storedPath(source);
  const expectWeights = async (): Promise<void> => {
    if (await stat(weights).catch(() => undefined)) return;
    throw new Error(
      `${words.caller}: expected the network's weights at ${weights}, got no file. Where to get them: ${words.weightsCommand(source.name)}`,
    );
  };
  const open = async (): Promise<OpenNetwork> => {
    await expectWeights();
    const dict = await readWeights(weights, detector.parameters);
    before = await currentBackend();
    const engine = await engineOf(options.engine, options.threads);
    return openNetwork(detector, async () => fromStateDict(detector.parameters, dict), engine, batch);
  };
  const openSet = (path: string) => openImages(path, { acceptWarnings: options.acceptWarnings });
  const checkSet = async (path: string): Promise<void> => {
    const { check, skipCorrupt = false } = options;
    const set = await openSet(path);
    const progress = events.startProgress(path, true);
    try {
      if (set.passedOver && set.passedOver.length > 0) events.onPassedOver(path, set.passedOver);
      const skipOption = words.option('skipCorrupt');
      if (check) await checkImages(path, set, { skipCorrupt, skipOption, onProgress: progress.update, signal });
    } finally {
      progress.end();
      await set.close();
    }
  };
  return {
    detector,
    /** Finds what is wrong with the sets, as far as it can be known, before the first of them is measured. */
    async check(paths: readonly string[]): Promise<void> {
      const images: string[] = [];
      for (const path of paths) {
        if (await isStatisticsFile(path)) await readMeasured(path, detector, words);
        else images.push(path);
      }
      if (images.length > 0) await expectWeights();
      for (const path of new Set(images)) await checkSet(path);
    },
    /** Images of a folder or zip, or what a file says of them. */
    async measure(path: string, { keep }: { keep: boolean }): Promise<MeasuredSet> {
      if (await isStatisticsFile(path)) return readMeasured(path, detector, words);
      const set = await openSet(path);
      const progress = events.startProgress(path, false);
      let skipped = 0;
      try {
        network ??= await open();
        const batches = extractFeatures(set, {
          detector,
          run: network.run,
          batch,
          skipCorrupt: options.skipCorrupt ?? false,
          signal,
          onProgress: progress.update,
          onSkip: (error) => {
            skipped++;
            events.onSkip(error);
          },
        });
        return { ...(await accumulate(path, batches, detector, keep, words)), skipped };
      } finally {
        progress.end();
        await set.close();
      }
    },
    /** Images that a generator makes of these seeds. */
    async measureGenerated(
      { path, generate }: OpenGenerator,
      seeds: readonly number[],
      { keep }: { keep: boolean },
    ): Promise<MeasuredSet> {
      const progress = events.startProgress(path, false);
      try {
        network ??= await open();
        const { run } = network;
        const { update: onProgress } = progress;
        const batches = generatedFeatures(generate, seeds, { detector, run, batch, signal, onProgress });
        return { ...(await accumulate(path, batches, detector, keep, words)), skipped: 0 };
      } finally {
        progress.end();
      }
    },
    /** TensorFlow.js computes where it did before, then. */
    async close(): Promise<void> {
      network?.close();
      if (before !== undefined) await (await import('@tensorflow/tfjs-core')).setBackend(before);
    },
  };
}

/** The backend that a program had set before; undefined where it had none. */
async function currentBackend(): Promise<string | undefined> {
  const { engine } = await import('@tensorflow/tfjs-core');
  return engine().backendName || undefined;
}

/** Why an image was left out, in few words. */
export const skipReason = ({ message }: ImageError): string => /, got (.*?) in /.exec(message)?.[1] ?? 'not an image';
