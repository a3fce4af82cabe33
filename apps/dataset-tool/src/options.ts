import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';
import { type EngineName, type EngineReport, startEngine } from '@edm2/engine';
import { type Command, InvalidArgumentError, Option } from 'commander';

/** What computes. */
export interface EngineChoice {
  readonly engine: string;
  readonly threads?: number;
}

/** Options of commands that make one dataset of another. */
export interface TransformOptions extends EngineChoice {
  readonly source?: string;
  readonly dest?: string;
  readonly vae?: string;
  readonly batch: number;
}

const positive = (text: string): number => {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value >= 1))
    throw new InvalidArgumentError('Expected a whole number of at least 1.');
  return value;
};

/** Adds `--source`, `--dest`, `--vae`, `--batch`, `--engine` and `--threads`. */
export const withTransformOptions = (command: Command): Command =>
  command
    .option('--source <path>', 'folder or zip that is read')
    .option('--dest <path>', 'folder, or zip when it ends in .zip, that is written; an interrupted one goes on')
    .option('--vae <folder>', 'diffusers folder of the autoencoder')
    .option('--batch <n>', 'images at a time', positive, 4)
    .addOption(
      new Option('--engine <name>', 'what computes')
        .choices(['auto', 'tensorflow-gpu', 'tensorflow', 'onnxruntime', 'webgpu', 'wasm', 'cpu'])
        .default('auto'),
    )
    .option('--threads <n>', 'threads of the engine (default: all cores)', positive);

/** @throws {UsageError} when one is missing. */
export function bothPaths({ source, dest }: TransformOptions): { source: string; dest: string } {
  if (source === undefined) throw new UsageError('--source: expected a folder or zip, got nothing. Name one.');
  if (dest === undefined) throw new UsageError('--dest: expected a folder or zip to write, got nothing. Name one.');
  return { source, dest };
}

/** Bytes of a stored parameter: for the choice of an engine, no more than an order of magnitude matters. */
const BYTES = 4;

/** Starts the engine asked for, or the one that suits an autoencoder of this size. */
export async function engineFor({ engine, threads }: EngineChoice, vae: string): Promise<EngineReport> {
  const weights = await stat(join(vae, 'diffusion_pytorch_model.safetensors')).catch(() => undefined);
  return startEngine(engine as EngineName, {
    ...(threads === undefined ? {} : { threads }),
    parameters: Math.round((weights?.size ?? 0) / BYTES),
    work: 'sampling',
  });
}
