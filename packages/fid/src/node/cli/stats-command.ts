import type { EngineOptionsOf } from '@edm2/command/engine-options';
import type { Io } from '@edm2/command/io';
import type { Command } from 'commander';
import { writeStatistics } from '../statistics-file.js';
import { expectStatisticsFile } from './expect-statistics-file.js';
import { type NetworkOptions, openMeasurer } from './measure.js';
import { addNetworkOptions } from './options.js';

interface StatsOptions extends NetworkOptions {
  readonly overwrite?: true;
}

/** `fid stats`: measures a set once, for many comparisons. */
export function addStatsCommand(program: Command, io: Io, engines: EngineOptionsOf['engines']): void {
  addNetworkOptions(program.command('stats'), engines)
    .description('Measure a set of images and keep its statistics.')
    .argument('<images>', 'folder, .zip, or .npz of samples')
    .argument('<file>', 'statistics to write: .npz (inception) or .safetensors')
    .option('--overwrite', 'replace the file')
    .action(async (images: string, file: string, options: StatsOptions) => {
      await expectStatisticsFile('stats', file, options);
      const measurer = openMeasurer(options, io);
      try {
        await measurer.check([images]);
        const { n, statistics, skipped } = await measurer.measure(images, { keep: false });
        await writeStatistics(file, { n, [measurer.detector.metric]: statistics });
        const left = skipped > 0 ? `, ${skipped} left out` : '';
        io.out(
          `${file}: ${measurer.detector.metric} of ${n} images${left} (${options.network}, ${measurer.detector.resize})`,
        );
      } finally {
        await measurer.close();
      }
    });
}
