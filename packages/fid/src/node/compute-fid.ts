import { kindOf, known } from '@edm2/options';
import { frechetDistance } from '../frechet-distance.js';
import { metricWarnings } from '../metrics/measure-metrics.js';
import type { ResizeName } from './detectors.js';
import { type EngineChoice, expectEngine } from './engine.js';
import { findLapack } from './lapack.js';
import { createMeasurer, skipReason } from './measure/measurer.js';
import { describePassedOver } from './measure/passed-over.js';

/** Options of {@link computeFid}. */
export interface ComputeFidOptions {
  /** Feature network: `inception` for FID (default), `dinov2` for FD_DINOv2. */
  readonly network?: 'inception' | 'dinov2' | undefined;
  /** File of its weights; default what `npx fid weights` has stored. Statistics alone need none. */
  readonly weights?: string | undefined;
  /** How images are brought to the network's size; default `tf1` for Inception, `torch` for DINOv2, as published figures do. */
  readonly resize?: ResizeName | undefined;
  /** Images at a time, from 1; default 32. */
  readonly batch?: number | undefined;
  /** What computes: a name that `@edm2/engine` knows, or an engine that is started; default `auto`, the best that is installed. */
  readonly engine?: EngineChoice | undefined;
  /** Threads of an engine that is started here; default all cores. */
  readonly threads?: number | undefined;
  /** Leave out images that do not decode, and say so, instead of failing. Default false. */
  readonly skipCorrupt?: boolean | undefined;
  /** Take images that decode with warnings. Default false. */
  readonly acceptWarnings?: boolean | undefined;
  /** Decode every image once before anything is computed, so that broken ones are found at the start. Default true. */
  readonly check?: boolean | undefined;
  /** Told how far a set is: first while it is checked, then while it is measured. */
  readonly onProgress?: ((progress: FidProgress) => void) | undefined;
  /** Told what was left out or passed over, and when n is too small; default `process.emitWarning`. */
  readonly onWarning?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far a set of images is. */
export interface FidProgress {
  readonly path: string;
  readonly phase: 'checking' | 'measuring';
  /** Images. */
  readonly done: number;
  readonly total: number;
}

const OPTIONS = {
  network: true,
  weights: true,
  resize: true,
  batch: true,
  engine: true,
  threads: true,
  skipCorrupt: true,
  acceptWarnings: true,
  check: true,
  onProgress: true,
  onWarning: true,
  signal: true,
} as const;

/** Images at a time beyond which memory goes and no time is won. */
const MAX_BATCH = 4096;

/**
 * FID of two sets of images: the Fréchet distance of their Inception features (or of DINOv2's, with `network`), as `fid calc` computes it.
 *
 * @param a - a folder of images, a zip, an array of them (`.npz`, `.npy`), or a file of statistics (`.npz`, `.safetensors`, NVIDIA's `.pkl`).
 * @param b - the same. The order makes no difference.
 * @returns the distance, at least 0. What was left out of it, and when n is too small, goes to `onWarning`.
 * @throws {RangeError} when an option is not known or out of range, a file holds other statistics, or a set has fewer than 2 images.
 * @throws {ImageError} when an image cannot be used: all of them are named.
 * @throws {Error} when weights are needed and not there, or the engine's package is not installed; each says what to run.
 */
export async function computeFid(a: string, b: string, options: ComputeFidOptions = {}): Promise<number> {
  const {
    network = 'inception',
    batch = 32,
    engine = 'auto',
    check = true,
    ...rest
  } = known('computeFid', options, OPTIONS);
  const { onProgress, onWarning = warn, signal } = rest;
  for (const path of [a, b])
    if (typeof path !== 'string')
      throw new TypeError(`computeFid: expected two paths, got ${kindOf(path)}. Pass folders, zips or files.`);
  expectChoice('network', network, ['inception', 'dinov2']);
  await expectEngine('computeFid', engine);
  if (!Number.isInteger(batch) || batch < 1 || batch > MAX_BATCH)
    throw new RangeError(`computeFid: expected batch from 1 to ${MAX_BATCH}, got ${batch}. Use 32.`);

  const measurer = createMeasurer(
    { ...rest, network, batch, engine, check },
    {
      words: {
        caller: 'computeFid',
        option: (name) => (name === 'network' ? '{ network }' : '{ skipCorrupt: true }'),
        weightsCommand: (name) => `npx fid weights ${name}`,
      },
      signal,
      startProgress: (path, checking) => ({
        update: (done) => onProgress?.({ path, phase: checking ? 'checking' : 'measuring', ...done }),
        end() {},
      }),
      onSkip: (error) => onWarning(`skipped ${error.file}: ${skipReason(error)}`),
      onPassedOver: (path, files) => onWarning(describePassedOver(path, files)),
    },
  );
  try {
    signal?.throwIfAborted();
    await measurer.check([a, b]);
    const first = await measurer.measure(a, { keep: false });
    const second = await measurer.measure(b, { keep: false });
    const { dims } = measurer.detector;
    for (const text of metricWarnings(['fd'], { n: first.n, nReference: second.n, dims })) onWarning(text);
    return frechetDistance(first.statistics, second.statistics, { linearAlgebra: await findLapack() });
  } finally {
    await measurer.close();
  }
}

const warn = (text: string): void => process.emitWarning(text, { type: 'FidWarning' });

function expectChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (choices.some((choice) => choice === value)) return;
  throw new RangeError(`computeFid: expected ${name} ${choices.join(' or ')}, got ${String(value)}. Choose one.`);
}
