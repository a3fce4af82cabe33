import type { Command } from 'commander';
import { positive, whole } from './parse.js';

/** How many images, how often. */
export interface DrawOptions {
  readonly num?: number;
  readonly draws: number;
  readonly seed: number;
  readonly bootstrap: number;
  readonly json?: boolean;
}

/** Adds `--num`, `--draws`, `--bootstrap` and `--json`. */
export const withDraws = (command: Command): Command =>
  command
    .option('--num <n>', 'images of a draw', positive)
    .option(
      '--draws <n>',
      'figures from so many draws, no image in two; printed as mean ± standard deviation',
      positive,
      1,
    )
    .option('--bootstrap <n>', 'spread of Fréchet distances over so many resamples of a draw', whole, 0)
    .option('--json', 'print one JSON object');
