import { expectSource, expectSourceFile } from '@edm2/app-kit/command/expect-source';
import { withProgress } from '@edm2/app-kit/command/progress';
import { datasetLines } from '@edm2/app-kit/data/dataset-lines';
import { UsageError } from '@edm2/command/errors';
import { ownCommand } from '@edm2/command/typed';
import { openDataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import { type MetricChoice, metrics as metricRecord, needsOf, parseMetrics } from '@edm2/fid';
import { type Command, Option } from 'commander';
import type { FeatureNetwork } from 'edm2/parts';
import {
  collectImages,
  commandWords,
  isStatisticsFile,
  openFeatures,
  type Reference,
  readReference,
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
  await expectSourceFile('--features', features, "a feature network's weights", /\.safetensors$/);
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
  const odd = metrics?.networks.find((name) => name !== network.name);
  const needsClasses = metrics !== undefined && needsOf(metrics.metrics).has('logits') && network.classes === undefined;
  if (odd === undefined && !needsClasses) return network;
  network.dispose();
  if (odd === undefined)
    throw new UsageError(
      `--metrics: expected a feature network that classifies for is, got ${network.name}. Give Inception's weights as --features.`,
    );
  throw new UsageError(
    `--metrics: expected figures on the features of ${network.name}, got one that is defined on those of ${odd}. Give its weights as --features, or ask for fd, the distance on any features.`,
  );
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
  const features = needsOf(metrics.metrics).has('realFeatures');
  const path = await expectReference({ ref });
  if (!(await isStatisticsFile(path))) return lookAt(path, network, features, signal);
  const reference = await readReference(path, network);
  if (features && !reference.features)
    throw new UsageError(
      `--ref: expected real images, or statistics with their features, for ${metrics.metrics.filter((name) => needsOf([name]).has('realFeatures')).join(', ')}, got statistics alone (${path}). Name the images, or make the file with metrics ref --keep-features.`,
    );
  return reference;
}

async function lookAt(
  path: string,
  network: FeatureNetwork,
  features: boolean,
  signal: AbortSignal | undefined,
): Promise<Reference> {
  const dataset = await openDataset(path, { flags: { path: '--ref' } });
  try {
    const indices = Array.from({ length: dataset.length }, (_, i) => i);
    const collected = await withProgress('looking at real images', indices.length, 'images', (onProgress) =>
      collectImages({ dataset, indices, network, keep: { features }, onProgress, ...(signal ? { signal } : {}) }),
    );
    for (const line of datasetLines(dataset)) say(line);
    const { statistics } = collected;
    return { ...statistics, ...(collected.features ? { features: collected.features } : {}) };
  } finally {
    await dataset.close();
  }
}
