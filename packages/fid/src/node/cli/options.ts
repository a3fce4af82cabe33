import { addEngineOptions, type EngineOptionsOf } from '@edm2/command/engine-options';
import { guard } from '@edm2/command/readers';
import { wholeNumber } from '@edm2/command/whole-number';
import { type Command, Option } from 'commander';
import { parseMetrics } from '../../metrics/choose.js';
import type { Metric } from '../../metrics/metric.js';
import { metrics } from '../../metrics/metrics.js';

/** Images of one command: two hundred times those of a published figure. */
export const MAX_IMAGES = 10_000_000;

/** Images of a draw. */
export const parseImages = wholeNumber({ most: MAX_IMAGES, why: 'published figures take 50,000; take several runs' });

/** Draws of a figure. */
export const parseDraws = wholeNumber({ most: 1000, why: 'a standard deviation over more says no more' });

/** A seed, with room for those that follow. */
export const parseSeed = wholeNumber({
  least: 0,
  most: Number.MAX_SAFE_INTEGER - MAX_IMAGES,
  why: 'numbers beyond are not exact',
});

const batch = wholeNumber({ most: 4096, why: 'a larger batch takes memory and saves no time' });
const resamples = wholeNumber({ most: 10_000, why: 'a standard deviation over more says no more' });

/** Options of everything that runs a network. */
export const addNetworkOptions = (command: Command, engines: EngineOptionsOf['engines']): Command =>
  addEngineOptions(command, { engines })
    .addOption(new Option('--network <name>', 'feature network').choices(['inception', 'dinov2']).default('inception'))
    .option('--weights <file>', 'its weights (default: those that the command weights has stored)')
    .addOption(
      new Option('--resize <mode>', 'how images are brought to its size: pil for dinov2 alone, tf1 for inception alone')
        .choices(['tf1', 'torch', 'pil'])
        .default(undefined, 'tf1 for inception, torch for dinov2'),
    )
    .option('--batch <images>', 'images at a time', batch, 32)
    .option(
      '--no-check',
      'do not decode every image once before computing; a broken one then ends the run when its turn comes',
    )
    .option(
      '--accept-warnings',
      'use images that decode with warnings, such as JPEGs with stray bytes between their parts',
    )
    .option('--skip-corrupt', 'leave out images that do not decode, and name them, instead of failing');

const namesOf = (select: (metric: Metric) => boolean): string =>
  Object.entries(metrics)
    .flatMap(([name, metric]) => (select(metric) ? [name] : []))
    .join(' and ');

const STATISTICS_SUFFICE = namesOf(({ needs }) => needs.length === 0);
const RESAMPLED = namesOf(({ resampled }) => resampled === true);

/** Options of everything that prints figures. */
export const addFigureOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--metrics <list>',
        `any of ${Object.entries(metrics)
          .map(([name, { help }]) => `${name} (${help})`)
          .join(', ')}; ${STATISTICS_SUFFICE} take statistics too, the others images alone`,
      )
        .argParser(guard(parseMetrics))
        .default(parseMetrics('fd'), 'fd'),
    )
    .option('--bootstrap <resamples>', `deviation of ${RESAMPLED} over resampled images`, resamples)
    .option('--seed <number>', 'of subsets, splits, directions and resamples', parseSeed, 0)
    .option('--lapack <library>', 'a LAPACK to use (default: the first of the usual ones, else typed arrays)')
    .option('--json', 'print one JSON object');
