import { openDataset } from '@edm2/dataset';
import type { EngineName } from '@edm2/engine';
import {
  canResample,
  type Figures,
  type MetricChoice,
  measureMetrics,
  metricWarnings,
  needsOf,
  parseMetrics,
} from '@edm2/fid';
import { known, type OptionNames } from '@edm2/options';
import { seedClass } from '@edm2/sampler';
import type { Model, ModelSampleOptions } from './model.js';
import { findInstalled } from './network/installed.js';
import { startForSampling } from './network/start-for-sampling.js';
import { type Collected, type CollectOptions, createCollector, judgeImages } from './scores/collect.js';
import { collectImages } from './scores/collect-images.js';
import type { FeatureNetwork } from './scores/feature-network.js';
import { linearAlgebraFor } from './scores/linear-algebra.js';
import { openFeatures } from './scores/open-features.js';
import { expectNetwork, openReference } from './scores/open-reference.js';
import { functionWords, OptionError } from './words.js';

/** Options of {@link score}: those of sampling are for a model. */
export interface ScoreOptions extends Omit<ModelSampleOptions, 'seeds' | 'labels'> {
  /** Figures, as `edm2 score --metrics` names them: `fd`, or several such as `fd,kid,pr`. Default `fd`. */
  readonly metrics?: string | readonly string[] | undefined;
  /**
   * Weights of the feature network, a file of `fid weights` or the main job's classifier. Default: that of the installed network which
   * `reference` names.
   */
  readonly features?: string | undefined;
  /** Images that a model draws, seeds 0 up to it. Default 1000; published figures take 50,000. */
  readonly num?: number | undefined;
  /** Resamples that give Fréchet distances their deviation; default 0, none. */
  readonly bootstrap?: number | undefined;
  /** Of subsets, splits, directions and resamples; default 0. */
  readonly seed?: number | undefined;
  /** What computes, where images of a folder are scored; a model brings its own. Default `'auto'`. */
  readonly engine?: EngineName | undefined;
  readonly threads?: number | undefined;
}

/** Figures of images. */
export interface ModelScore {
  /** Images. */
  readonly n: number;
  /** By name: `fd`, `kid`, `precision`, …: each `{ value }`, and the deviation where it has one. */
  readonly figures: Figures;
  /** Share of images that the feature network reads as the class they stand for, 0…1; undefined where it does not classify. */
  readonly labelAgreement: number | undefined;
  /** The feature network: figures on different ones do not compare. */
  readonly features: string;
  /** Why figures of so few images say less than they seem. */
  readonly warnings: readonly string[];
}

const OPTIONS: OptionNames<ScoreOptions> = {
  ...{
    metrics: true,
    features: true,
    num: true,
    bootstrap: true,
    seed: true,
    engine: true,
    threads: true,
    classes: true,
    guidance: true,
  },
  ...{ steps: true, solver: true, sigmaMin: true, sigmaMax: true, rho: true, churn: true, batch: true },
  ...{ onProgress: true, signal: true },
};
const WORDS = functionWords('score');
const IMAGES = 1000;

/**
 * Scores images, or what a model draws, against real ones.
 *
 * @param what - a folder or zip of images, or an open model.
 * @param reference - real images (folder, zip), their statistics (`.safetensors`, `.npz`, `.pkl`), or the name of an installed network
 * that brings some, such as `digits`.
 * @throws {RangeError} (rejects) when something is missing, or a metric does not go with the feature network.
 * @throws {Error} (rejects) of damaged files and of the file system.
 */
export async function score(what: string | Model, reference: string, options: ScoreOptions = {}): Promise<ModelScore> {
  const { features, engine, threads, signal, bootstrap: resamples = 0, seed = 0 } = known('score', options, OPTIONS);
  const chosen = choose(options);
  const installed = await findInstalled(reference);
  const weights = features ?? installed?.features;
  if (weights === undefined)
    throw new OptionError(
      'score: expected { features }, the weights of a feature network, got none. Make those of FID with: npx edm2 fid weights',
    );
  const started = typeof what === 'string' ? await startForSampling({ engine, threads }, weights) : what.engine;
  const network = await openFeatures(weights, started, WORDS);
  try {
    expectNetwork(chosen, network, WORDS);
    const needs = needsOf(chosen.metrics, { resamples });
    const real = await openReference(installed?.reference ?? reference, network, chosen.metrics, {
      words: WORDS,
      look: (path, keep) => ofImages(path, network, keep, { signal }),
    });
    const keep = { features: needs.has('features'), logits: needs.has('logits') };
    const collected =
      typeof what === 'string'
        ? await ofImages(what, network, keep, options)
        : await ofModel(what, network, keep, options);
    const { n, labelAgreement } = collected;
    const figures = measureMetrics(
      collected,
      { n: real.n, statistics: real, features: real.features },
      { metrics: chosen.metrics, network, resamples, seed, ...(await linearAlgebraFor(network.dims)) },
    );
    return {
      n,
      figures,
      labelAgreement: Number.isNaN(labelAgreement) ? undefined : labelAgreement,
      features: network.name,
      warnings: metricWarnings(chosen.metrics, { n, nReference: real.n, dims: network.dims }),
    };
  } finally {
    network.dispose();
  }
}

function choose({ metrics = 'fd', bootstrap = 0, seed = 0 }: ScoreOptions): MetricChoice {
  const chosen = parse(typeof metrics === 'string' ? metrics : metrics.join(','));
  for (const [name, value] of Object.entries({ bootstrap, seed }))
    if (!(Number.isSafeInteger(value) && value >= 0))
      throw new OptionError(`score: expected ${name} to be a whole number from 0 on, got ${value}. Leave it out.`);
  if (bootstrap > 0 && !canResample(chosen.metrics))
    throw new OptionError(
      `score: expected fd or sfd in metrics to resample, got ${chosen.metrics.join(', ')}. Leave bootstrap out.`,
    );
  return chosen;
}

function parse(text: string): MetricChoice {
  try {
    return parseMetrics(text);
  } catch (cause) {
    throw new OptionError(`score: ${(cause as Error).message.replace(/^--metrics: /, '')}`, { cause });
  }
}

async function ofImages(
  path: string,
  network: FeatureNetwork,
  keep: CollectOptions,
  { onProgress, signal }: Pick<ScoreOptions, 'onProgress' | 'signal'>,
): Promise<Collected> {
  const dataset = await openDataset(path);
  try {
    const indices = Array.from({ length: dataset.length }, (_, i) => i);
    return await collectImages({ dataset, indices, network, keep, onProgress, signal });
  } finally {
    await dataset.close();
  }
}

async function ofModel(
  model: Model,
  network: FeatureNetwork,
  keep: CollectOptions,
  {
    num = IMAGES,
    metrics: _,
    features: __,
    engine: ___,
    threads: ____,
    bootstrap: _b,
    seed: _s,
    ...options
  }: ScoreOptions,
): Promise<Collected> {
  if (!(Number.isSafeInteger(num) && num >= 2))
    throw new OptionError(`score: expected num to be a whole number from 2 on, got ${num}. Take 1000 or more.`);
  const seeds = Array.from({ length: num }, (_, seed) => seed);
  const { classes } = options;
  const classOf = (seed: number): number => {
    if (model.classes === 0) return -1;
    if (classes === undefined) return seedClass(seed, model.classes);
    return typeof classes === 'number'
      ? classes
      : typeof classes === 'function'
        ? classes(seed)
        : (classes[seed] ?? -1);
  };
  const collector = createCollector(network, keep);
  for await (const { seeds: drawn, images, shape } of model.sample({ ...options, seeds }))
    collector.add(await judgeImages(network, { data: images, shape }, (i) => classOf(drawn[i] ?? 0)));
  return collector.result();
}
