import { expectSource, expectSourceFile } from '@edm2/app-kit/command/expect-source';
import { withProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { openSquareImages } from '@edm2/app-kit/data/ready-images';
import { UsageError } from '@edm2/command/errors';
import { ownCommand } from '@edm2/command/typed';
import type { EngineReport } from '@edm2/engine';
import { type MetricChoice, metrics as metricRecord, parseMetrics } from '@edm2/fid';
import { type Command, Option } from 'commander';
import {
  type Collected,
  type CollectOptions,
  collectImages,
  commandWords,
  expectNetwork,
  type FeatureNetwork,
  openFeatures,
  openReference,
  type Reference,
  whereFeaturesComeFrom,
} from 'edm2/parts';
import { say } from '../say.js';
import { guard } from './parse.js';

/** What images are compared by, and with what. */
export interface FeatureOptions {
  readonly features?: string | undefined;
  readonly ref?: string | undefined;
}

/** Which figures. */
export interface MetricOptions {
  readonly metrics: MetricChoice;
}

/** Adds `--features`. */
export const withFeatures = (command: Command): Command =>
  command.option(
    '--features <file>',
    "weights of the feature network: of fid weights, or the main job's classifier.safetensors",
  );

/** Adds `--features` and `--ref`. */
export const withReference = (command: Command): Command =>
  withFeatures(command).option(
    '--ref <path>',
    'real images: statistics (.safetensors of metrics ref, .npz, .pkl), or a folder or zip of images',
  );

/** Adds `--metrics`. */
export const withMetrics = (command: Command): Command =>
  command.addOption(
    new Option(
      '--metrics <list>',
      `figures, any of: ${Object.entries(metricRecord)
        .map(([name, { help }]) => `${name} (${help})`)
        .join(', ')}`,
    )
      .argParser(guard(parseMetrics))
      .default(parseMetrics('fd'), 'fd'),
  );

/**
 * Checks that what images are compared by is there, before an engine starts.
 *
 * @returns its path.
 * @throws {UsageError} (rejects) when `--features` is missing, or names nothing that could be it.
 */
export async function expectFeatures({ features }: FeatureOptions): Promise<string> {
  if (features === undefined)
    throw new UsageError(
      `--features: expected the weights of a feature network, got nothing. ${whereFeaturesComeFrom()}`,
    );
  const what = "a feature network's weights";
  await expectSourceFile('--features', features, what, /\.safetensors$/, whereFeaturesComeFrom());
  return features;
}

/**
 * The same for what they are compared with.
 *
 * @returns its path.
 * @throws {UsageError} (rejects) when `--ref` is missing, or names nothing.
 */
export async function expectReference({ ref }: FeatureOptions): Promise<string> {
  if (ref === undefined)
    throw new UsageError(
      `--ref: expected real images or their statistics, got nothing. Name a folder or zip, or make statistics once: ${ownCommand(['metrics', 'ref', '--help'])}`,
    );
  await expectSource('--ref', ref, 'real images or their statistics');
  return ref;
}

/** @throws {UsageError} when `--features` is not given or of no known kind, or a metric is one of another network. */
export async function featuresOf(
  { features, metrics }: FeatureOptions & Partial<MetricOptions>,
  engine: EngineReport,
): Promise<FeatureNetwork> {
  const network = await openFeatures(await expectFeatures({ features }), engine, commandWords);
  try {
    if (metrics) expectNetwork(metrics, network, commandWords);
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/**
 * Real images as the network sees them: read, or looked at now.
 *
 * @throws {UsageError} when `--ref` is not given.
 * @throws {RangeError} when a metric compares images and there are statistics only.
 */
export async function referenceOf(
  { ref, metrics }: FeatureOptions & MetricOptions,
  network: FeatureNetwork,
  signal?: AbortSignal,
): Promise<Reference> {
  return openReference(await expectReference({ ref }), network, metrics.metrics, {
    words: commandWords,
    look: (path, keep) => lookAt(path, network, keep, signal),
  });
}

async function lookAt(
  path: string,
  network: FeatureNetwork,
  keep: CollectOptions,
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const dataset = await openSquareImages(path, '--ref', { flags: { path: '--ref' } });
  try {
    const indices = Array.from({ length: dataset.length }, (_, i) => i);
    const collected = await withProgress('looking at real images', indices.length, 'images', (onProgress) =>
      collectImages({ dataset, indices, network, keep, onProgress, ...(signal ? { signal } : {}) }),
    );
    for (const line of datasetLines(dataset)) say(line);
    return collected;
  } finally {
    await dataset.close();
  }
}
