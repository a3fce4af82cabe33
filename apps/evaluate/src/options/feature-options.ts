import { UsageError } from '@edm2/app-kit/command/errors';
import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import { readReference } from '@edm2/app-kit/scores/reference-file';
import type { EngineReport } from '@edm2/engine';
import type { Gaussian } from '@edm2/fid';
import type { Command } from 'commander';
import { openFeatures } from '../metrics/open-features.js';

/** What images are compared by, and with what. */
export interface FeatureOptions {
  readonly features?: string;
  readonly ref?: string;
}

/** Adds `--features`. */
export const withFeatures = (command: Command): Command =>
  command.option(
    '--features <file>',
    "weights of the feature network: of fid weights, or the main job's classifier.safetensors",
  );

/** Adds `--features` and `--ref`. */
export const withReference = (command: Command): Command =>
  withFeatures(command).option('--ref <file>', 'statistics of real images, made by metrics ref');

/** @throws {UsageError} when `--features` is not given or of no known kind. */
export async function featuresOf({ features }: FeatureOptions, engine: EngineReport): Promise<FeatureNetwork> {
  if (features === undefined)
    throw new UsageError(
      '--features: expected the weights of a feature network, got nothing. npx fid weights makes those of FID and FD_DINOv2; the main job writes runs/mnist/classifier.safetensors.',
    );
  return openFeatures(features, engine);
}

/** @throws {UsageError} when `--ref` is not given. */
export async function referenceOf({ ref }: FeatureOptions, network: FeatureNetwork): Promise<Gaussian> {
  if (ref === undefined)
    throw new UsageError(
      '--ref: expected statistics of real images, got nothing. Make them: edm2-evaluate metrics ref --data <images> --dest <file>.',
    );
  return readReference(ref, network);
}
