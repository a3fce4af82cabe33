import { refuseIdle } from '@edm2/app-kit/command/idle-options';
import { canResample } from '@edm2/fid';
import type { Command } from 'commander';
import type { MetricOptions } from './feature-options.js';
import { draws, images, resamples } from './limits.js';

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
    .option('--num <n>', 'images of a draw', images)
    .option('--draws <n>', 'score so many draws, no image in two; figures are mean ± standard deviation', draws, 1)
    .option('--bootstrap <n>', 'spread of Fréchet distances over so many resamples of a draw', resamples, 0)
    .option('--json', 'print one JSON object');

/** @throws {UsageError} when resamples are asked for and nothing is resampled. */
export function checkDraws(command: Command, { metrics: { metrics } }: MetricOptions): void {
  if (!canResample(metrics)) refuseIdle(command, ['bootstrap'], 'fd or sfd in --metrics');
}
