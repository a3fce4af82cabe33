import type { EngineOptionsOf } from '@edm2/command/engine-options';
import { UsageError } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import type { Command } from 'commander';
import { openGenerator } from '../generator.js';
import { isStatisticsFile } from '../measure/measured-set.js';
import { type StatisticsFileInput, writeStatistics } from '../statistics-file.js';
import { expectStatisticsFile } from './expect-statistics-file.js';
import { checkFigureOptions, expectImages, type FigureOptions, needsFeatures } from './figure-options.js';
import { figuresOf } from './figures.js';
import { type NetworkOptions, openMeasurer } from './measure.js';
import { addFigureOptions, addNetworkOptions, MAX_IMAGES, parseDraws, parseImages, parseSeed } from './options.js';
import { printResult } from './print-result.js';

interface GenOptions extends NetworkOptions, FigureOptions {
  readonly num: number;
  readonly firstSeed: number;
  readonly draws: number;
  readonly stats?: string;
  readonly overwrite?: true;
  readonly json?: true;
}

/** `fid gen`: scores a generator without storing its images. */
export function addGenCommand(program: Command, io: Io, engines: EngineOptionsOf['engines']): void {
  addFigureOptions(addNetworkOptions(program.command('gen'), engines))
    .description('Score images straight from a generator, without storing them.')
    .argument('<module>', 'JavaScript module that exports generate(seeds) → { data: Uint8Array, shape: [N, H, W, C] }')
    .argument('<reference>', 'real: folder, .zip, or statistics')
    .option('--num <images>', 'images of a draw', parseImages, 50_000)
    .option('--first-seed <seed>', 'the first seed; later draws take the seeds that follow', parseSeed, 0)
    .option('--draws <count>', 'draws; figures are mean ± standard deviation over them', parseDraws, 1)
    .option('--stats <file>', 'keep the statistics of the first draw: .npz (inception) or .safetensors')
    .option('--overwrite', 'replace the file of --stats')
    .action(async (path: string, reference: string, options: GenOptions) => {
      checkFigureOptions(options);
      if (options.num * options.draws > MAX_IMAGES)
        throw new UsageError(
          `--draws: expected at most ${MAX_IMAGES.toLocaleString('en')} images in all, got ${options.draws} draws of ${options.num.toLocaleString('en')}. Take several runs with another --first-seed.`,
        );
      if (options.stats !== undefined) await expectStatisticsFile('--stats', options.stats, options);
      const real = { path: reference, isStatistics: await isStatisticsFile(reference) };
      expectImages({ path, isStatistics: false }, real, options);
      const keep = needsFeatures(options);
      const generator = await openGenerator(path);
      const measurer = openMeasurer(options, io);
      const { detector } = measurer;
      try {
        await measurer.check([reference]);
        const real = await measurer.measure(reference, { keep });
        const draw = async (index: number) => {
          const first = options.firstSeed + index * options.num;
          const seeds = Array.from({ length: options.num }, (_, i) => first + i);
          return measurer.measureGenerated(generator, seeds, { keep });
        };
        const fake = await draw(0);
        // What a full disk takes from the statistics, it does not take from the figures.
        const kept = keepStatistics(options.stats, { n: fake.n, [detector.metric]: fake.statistics });
        await kept.catch(() => {});
        const draws = async function* () {
          yield fake;
          for (let i = 1; i < options.draws; i++) yield await draw(i);
        };
        const figures = await figuresOf(draws(), real, detector, options);
        const { metrics } = options.metrics;
        printResult(io, detector, { fake, real, metrics, figures, json: options.json === true });
        await kept;
      } finally {
        await measurer.close();
      }
    });
}

const keepStatistics = async (path: string | undefined, statistics: StatisticsFileInput): Promise<void> => {
  if (path !== undefined) await writeStatistics(path, statistics);
};
