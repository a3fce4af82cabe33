import { formatBytes } from '@edm2/command/format-bytes';
import type { Io } from '@edm2/command/io';
import { type Command, Option } from 'commander';
import { planSnapshots, USEFUL_SIGMA_RELS } from '../../plan.js';
import { type FloatTypeName, floatBytes, parseFloatType } from '../float-type.js';
import { normalizing } from './normalizing.js';
import { formatShare, parseDtype, parsePositives, positiveCount } from './numbers.js';
import { lengthsOption } from './open-options.js';
import { table } from './table.js';

interface PlanCommandOptions {
  readonly duration: number;
  readonly snapshots: number[];
  readonly track: number[];
  readonly sigmaRel: number[];
  readonly t?: number;
  readonly parameters?: number;
  readonly dtype: FloatTypeName;
  readonly normalize: boolean;
  readonly json?: true;
}

/** Numbers of snapshots that are compared unless others are given. */
const SNAPSHOTS: readonly number[] = [8, 16, 32, 64];

/** `phema plan`: what to store, decided before a run. */
export function addPlanCommand(program: Command, io: Io): void {
  program
    .command('plan')
    .description(
      'Before a run: the error of every length for different numbers of snapshots, and what they cost on disk.',
    )
    .addOption(
      new Option('--duration <images>', 'length of training')
        .argParser(positiveCount('--duration'))
        .default(2 ** 31, '2048Mi'),
    )
    .addOption(
      new Option('--snapshots <counts>', 'numbers of snapshots to compare, evenly spaced')
        .argParser(parsePositives)
        .default(SNAPSHOTS, SNAPSHOTS.join(',')),
    )
    .addOption(lengthsOption('--track', 'lengths tracked in training', [0.05, 0.1]))
    .addOption(lengthsOption('--sigma-rel', 'lengths to predict', USEFUL_SIGMA_RELS))
    .option('--t <images>', 'time of the averages (default: the end)', positiveCount('--t'))
    .option('--parameters <count>', 'numbers in the network, for the disk cost', positiveCount('--parameters'))
    .addOption(
      new Option('--dtype <type>', 'storage type, for the disk cost: float16, bfloat16, float32 or float64')
        .argParser(parseDtype)
        .default('float16', 'float16'),
    )
    .option('--no-normalize', 'leave the weights as Algorithm 3 gives them, not divided by their sum')
    .option('--json', 'print one JSON object')
    .action((options: PlanCommandOptions) => {
      const bytesPerValue = floatBytes(parseFloatType('plan', options.dtype));
      const { duration, track: sigmaRels, sigmaRel: targets, t, parameters, normalize } = options;
      const plans = options.snapshots.map((snapshots) => ({
        snapshots,
        ...planSnapshots({
          ...{ duration, snapshots, sigmaRels, targets, bytesPerValue, normalize },
          ...(t === undefined ? {} : { t }),
          ...(parameters === undefined ? {} : { parameters }),
        }),
      }));
      if (options.json) return io.out(JSON.stringify({ duration, track: sigmaRels, normalize, plans }));
      io.out(
        [
          `Profile error by length, tracking ${sigmaRels.join(', ')}:`,
          table(
            ['length', ...plans.map(({ snapshots }) => `${snapshots} snapshots`)],
            [
              ...targets.map((sigmaRel, i) => [
                String(sigmaRel),
                ...plans.map(({ rows }) => formatShare(rows[i]?.profileError ?? Number.NaN)),
              ]),
              ['files', ...plans.map(({ files }) => String(files))],
              ...(parameters === undefined ? [] : [['disk', ...plans.map(({ bytes }) => formatBytes(bytes ?? 0))]]),
            ],
          ),
          '',
          normalizing(normalize),
        ].join('\n'),
      );
    });
}
