import type { EngineOptionsOf } from '@edm2/command/engine-options';
import type { Io } from '@edm2/command/io';
import type { Command } from 'commander';
import { isStatisticsFile } from '../measure/measured-set.js';
import { checkFigureOptions, expectImages, type FigureOptions, needsFeatures } from './figure-options.js';
import { figuresOf } from './figures.js';
import { type NetworkOptions, openMeasurer } from './measure.js';
import { addFigureOptions, addNetworkOptions } from './options.js';
import { printResult } from './print-result.js';

interface CalcOptions extends NetworkOptions, FigureOptions {
  readonly json?: true;
}

/** `fid calc`: compares two sets. */
export function addCalcCommand(program: Command, io: Io, engines: EngineOptionsOf['engines']): void {
  addFigureOptions(addNetworkOptions(program.command('calc'), engines))
    .description('Compare generated images with a reference: folders, zips, or files of statistics.')
    .argument('<images>', 'generated: folder, .zip, .npz of samples, or statistics (.npz, .safetensors, .pkl)')
    .argument('<reference>', 'real: the same')
    .action(async (images: string, reference: string, options: CalcOptions) => {
      checkFigureOptions(options);
      const keep = needsFeatures(options);
      const measurer = openMeasurer(options, io);
      try {
        const kind = async (path: string) => ({ path, isStatistics: await isStatisticsFile(path) });
        expectImages(await kind(images), await kind(reference), options);
        await measurer.check([images, reference]);
        const fake = await measurer.measure(images, { keep });
        const real = await measurer.measure(reference, { keep });
        printResult(io, measurer.detector, {
          fake,
          real,
          metrics: options.metrics.metrics,
          figures: await figuresOf([fake], real, measurer.detector, options),
          json: options.json === true,
        });
      } finally {
        await measurer.close();
      }
    });
}
