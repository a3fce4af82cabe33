import { refuseIdle } from '@edm2/app-kit/command/idle-options';
import { FIGURES, type FigureKey } from '@edm2/app-scoring/scores/figure-kinds';
import type { Interval, SweepAxes } from '@edm2/app-scoring/sweep/point';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { withOverwrite } from '@edm2/command/expect-destination';
import { type Command, Option } from 'commander';
import { type FeatureOptions, type MetricOptions, withMetrics, withReference } from './feature-options.js';
import { draws, firstSeed, images, rounds } from './limits.js';
import { checkSamplingOptions, type SamplingOptions, withSamplingOptions } from './model-options.js';
import { count, intervals, numbers, ranges } from './parse.js';

/** Options of `sweep`. */
export interface SweepOptions extends SamplingOptions, FeatureOptions, MetricOptions {
  readonly indir?: string;
  readonly outdir?: string;
  readonly t?: number;
  readonly sigmaRel?: readonly number[];
  readonly perTensor?: readonly string[];
  readonly lengths?: readonly number[];
  readonly guidance: readonly number[];
  readonly guidanceInterval: readonly (Interval | undefined)[];
  readonly gnet?: string;
  readonly guideIndir?: string;
  readonly guideSigmaRel?: readonly number[];
  readonly guideT?: number;
  readonly force?: boolean;
  readonly search: 'grid' | 'lines';
  readonly refine: number;
  readonly score?: FigureKey;
  readonly num: number;
  readonly draws: number;
  readonly seed: number;
  readonly class?: readonly number[];
  readonly overwrite?: boolean;
}

/** EMA lengths that a sweep begins with where none are given. */
export const DEFAULT_LENGTHS: readonly number[] = [0.05, 0.1, 0.15, 0.2];

/** Settings to begin with: at a minute each, two months. */
const MAX_SETTINGS = 100_000;

/** Adds them. */
export const withSweepOptions = (command: Command): Command =>
  withOverwrite(
    withDestination(
      withMetrics(withReference(withSamplingOptions(command))),
      '--outdir <folder>',
      'where the results go; a sweep that was interrupted goes on there',
    ),
    'replace the pictures and tables of a sweep with other settings in --outdir; its scores stay in scores.jsonl',
  )
    .option('--indir <folder>', "folder of a run's snapshots")
    .option('--t <images>', 'time of the averages (default: the last stored)', count('--t'))
    .option(
      '--sigma-rel <list>',
      `EMA lengths, such as 0.05,0.10,...,0.25 (default: ${DEFAULT_LENGTHS.join(',')})`,
      numbers('--sigma-rel'),
    )
    .option(
      '--per-tensor <pattern>',
      "vary the EMA length of the tensors so named alone (* for any part of a name, commas join patterns), the others' stays at --sigma-rel (default: the best of the lengths that all share); may be repeated, a curve each",
      (pattern: string, before: readonly string[] = []) => [...before, pattern],
    )
    .option(
      '--lengths <list>',
      `with --per-tensor: EMA lengths of those tensors (default: ${DEFAULT_LENGTHS.join(',')})`,
      numbers('--lengths'),
    )
    .addOption(
      new Option('--guidance <list>', 'guidance weights, such as 1,1.5,2')
        .argParser(numbers('--guidance'))
        .default([1], '1'),
    )
    .addOption(
      new Option('--guidance-interval <list>', 'noise levels that are guided, such as all,0.19-1.61')
        .argParser(intervals)
        .default([undefined], 'all'),
    )
    .option('--gnet <file>', 'guiding network: one without classes, or a worse one with the same')
    .option('--guide-indir <folder>', "or a run's snapshots to guide by (default: those of --indir)")
    .option('--guide-sigma-rel <list>', 'EMA lengths of the guiding network', numbers('--guide-sigma-rel'))
    .option('--guide-t <images>', 'time of the guiding averages (default: the last stored)', count('--guide-t'))
    .option('--force', 'take averages whose profile is far from the one asked for')
    .addOption(
      new Option('--search <how>', 'all combinations, or one axis after the other')
        .choices(['grid', 'lines'])
        .default('grid'),
    )
    .option(
      '--refine <n>',
      'rounds that halve the steps around the best, along every axis with more than one value',
      rounds,
      2,
    )
    .addOption(
      new Option('--score <figure>', 'figure that settings are chosen by (default: the first of --metrics)').choices(
        Object.keys(FIGURES),
      ),
    )
    .option('--num <n>', 'images of a draw', images, 1000)
    .option('--draws <n>', 'draws of each setting; shown as mean ± standard deviation', draws, 1)
    .option('--seed <n>', 'first seed; every setting is scored on the same', firstSeed, 0)
    .option('--class <list>', 'class, or several in turn (default: each seed draws its own)', ranges('--class'));

/** @throws {UsageError} when options do not go together, or one changes nothing. */
export function checkSweepOptions(command: Command, options: SweepOptions): void {
  checkSamplingOptions(command, options);
  if (options.guidance.every((weight) => weight === 1))
    refuseIdle(
      command,
      ['guidanceInterval', 'gnet', 'guideIndir', 'guideSigmaRel', 'guideT'],
      'a weight other than 1 in --guidance',
    );
  const settings = Object.values(axesOf(options)).reduce((count, values) => count * values.length, 1);
  if (settings > MAX_SETTINGS)
    throw new UsageError(
      `--sigma-rel: expected at most ${MAX_SETTINGS.toLocaleString('en')} settings to begin with, got ${settings.toLocaleString('en')}. Give fewer values, here or of guidance; --refine finds those between.`,
    );
}

/** The values that a sweep starts from. */
export const axesOf = (options: SweepOptions): SweepAxes => ({
  sigmaRels: options.sigmaRel ?? DEFAULT_LENGTHS,
  guideSigmaRels: options.guideSigmaRel ?? [undefined],
  weights: options.guidance,
  intervals: options.guidanceInterval,
});
