import { type Command, InvalidArgumentError, Option } from 'commander';
import { ENGINES } from '../engine.js';
import { METRICS, parseMetrics } from './figures.js';

/** A whole number ≥ 1. @throws {InvalidArgumentError} */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 1)) throw new InvalidArgumentError('Expected a whole number ≥ 1.');
  return value;
}

/** Options of everything that runs a network. */
export const addNetworkOptions = (command: Command): Command =>
  command
    .addOption(new Option('--network <name>', 'feature network').choices(['inception', 'dinov2']).default('inception'))
    .option('--weights <file>', 'its weights, .safetensors; default what `fid weights` has stored')
    .addOption(
      new Option('--resize <mode>', 'tf1 (inception’s default), torch (dinov2’s default), pil (dinov2)').choices([
        'tf1',
        'torch',
        'pil',
      ]),
    )
    .option('--batch <images>', 'images at a time', parsePositive, 32)
    .addOption(new Option('--engine <name>', 'what computes').choices([...ENGINES]).default('onnxruntime'))
    .option('--threads <count>', 'threads of the engine, default all', parsePositive)
    .option(
      '--no-check',
      'do not decode every image once before computing; a broken one then ends the run when its turn comes',
    )
    .option('--skip-corrupt', 'leave out images that do not decode, and name them, instead of failing');

/** Options of everything that prints figures. */
export const addFigureOptions = (command: Command): Command =>
  command
    .option('--metrics <list>', `any of ${METRICS.join(', ')}; all but fd need images`, parseMetrics, ['fd'])
    .option('--bootstrap <resamples>', 'spread of fd over resampled images', parsePositive)
    .option('--seed <number>', 'of subsets and resamples', Number, 0)
    .option('--lapack <library>', 'a LAPACK to use; default the first of the usual ones, else typed arrays')
    .option('--json', 'print one JSON object');
