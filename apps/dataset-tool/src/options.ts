import { type EngineChoice, withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { expectSource } from '@edm2/app-kit/command/expect-source';
import { aloneAt } from '@edm2/app-kit/files/alone';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectNew } from '@edm2/command/expect-destination';
import { wholeNumber } from '@edm2/command/whole-number';
import type { EngineReport } from '@edm2/engine';
import type { Command } from 'commander';
import { commandWords, expectAutoencoder, startForSampling } from 'edm2/parts';

/** Options of commands that make one dataset of another. */
export interface TransformOptions extends EngineChoice {
  readonly source?: string;
  readonly dest?: string;
  readonly vae?: string;
  readonly batch: number;
}

/** Images at a time: an autoencoder's activations are hundreds of times its images. */
const batch = wholeNumber({ most: 1024, why: 'a larger batch takes memory and saves no time' });

/** Adds `--source`, `--dest`, `--vae`, `--batch`, `--engine` and `--threads`. */
export const withTransformOptions = (command: Command): Command =>
  withEngineOptions(
    withDestination(
      command.option('--source <path>', 'folder or zip to read'),
      '--dest <path>',
      'folder to write, or zip when it ends in .zip; an interrupted one is continued',
    )
      .option('--vae <path>', "the autoencoder: its diffusers folder, a pipeline's, or a file of weights")
      .option('--batch <n>', 'images at a time', batch, 4),
  );

/** @throws {UsageError} when one is missing. */
export function bothPaths({ source, dest }: TransformOptions): { source: string; dest: string } {
  if (source === undefined) throw new UsageError('--source: expected a folder or zip, got nothing. Name one.');
  if (dest === undefined) throw new UsageError('--dest: expected a folder or zip to write, got nothing. Name one.');
  return { source, dest };
}

/**
 * Does work while no other process writes the same dataset.
 *
 * @throws {UsageError} (rejects) when there is nothing to read, or something where it is to be written.
 */
export async function alone(options: TransformOptions, work: () => Promise<void>): Promise<void> {
  const { source, dest } = bothPaths(options);
  await expectSource('--source', source, 'a folder or zip');
  await expectNew('--dest', dest);
  return aloneAt(dest, '--dest', work);
}

/**
 * Starts the engine asked for, or the one that suits an autoencoder of this size.
 *
 * @throws {UsageError} (rejects) when `vae` is none.
 */
export async function engineFor({ engine, threads }: EngineChoice, vae: string): Promise<EngineReport> {
  const { weights } = await expectAutoencoder(vae, commandWords);
  return startForSampling({ engine, threads }, weights);
}
