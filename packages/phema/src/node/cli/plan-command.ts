import type { Command } from 'commander';
import { planSnapshots, USEFUL_SIGMA_RELS } from '../../plan.js';
import { floatBytes, parseFloatType } from '../float-type.js';
import type { Io } from './io.js';
import { formatBytes, formatShare, parseCount, parseLengths, parsePositives } from './numbers.js';
import { table } from './table.js';

interface PlanCommandOptions {
  readonly duration: number;
  readonly snapshots: number[];
  readonly track: number[];
  readonly sigmaRel: number[];
  readonly t?: number;
  readonly parameters?: number;
  readonly dtype: string;
  readonly json?: true;
}

/** `phema plan`: what to store, decided before a run. */
export function addPlanCommand(program: Command, io: Io): void {
  program
    .command('plan')
    .description(
      'Before a run: the error of every length for different numbers of snapshots, and what they cost on disk.',
    )
    .option('--duration <images>', 'length of training', parseCount, 2 ** 31)
    .option('--snapshots <counts>', 'numbers of snapshots to compare, evenly spaced', parsePositives, [8, 16, 32, 64])
    .option('--track <lengths>', 'lengths tracked in training', parseLengths, [0.05, 0.1])
    .option('--sigma-rel <lengths>', 'lengths to predict', parseLengths, [...USEFUL_SIGMA_RELS])
    .option('--t <images>', 'time of the averages, default the end', parseCount)
    .option('--parameters <count>', 'numbers in the network, for the disk cost', parseCount)
    .option('--dtype <type>', 'storage type, for the disk cost: float16, bfloat16, float32', 'float16')
    .option('--json', 'print one JSON object')
    .action((options: PlanCommandOptions) => {
      const bytesPerValue = floatBytes(parseFloatType('plan', options.dtype));
      const plans = options.snapshots.map((snapshots) => ({
        snapshots,
        ...planSnapshots({
          duration: options.duration,
          snapshots,
          sigmaRels: options.track,
          targets: options.sigmaRel,
          bytesPerValue,
          ...(options.t === undefined ? {} : { t: options.t }),
          ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
        }),
      }));
      if (options.json) return io.out(JSON.stringify({ duration: options.duration, track: options.track, plans }));
      io.out(
        [
          `Profile error by length, tracking ${options.track.join(', ')}:`,
          table(
            ['length', ...plans.map(({ snapshots }) => `${snapshots} snapshots`)],
            [
              ...options.sigmaRel.map((sigmaRel, i) => [
                String(sigmaRel),
                ...plans.map(({ rows }) => formatShare(rows[i]?.profileError ?? Number.NaN)),
              ]),
              ['files', ...plans.map(({ files }) => String(files))],
              ...(options.parameters === undefined
                ? []
                : [['disk', ...plans.map(({ bytes }) => formatBytes(bytes ?? 0))]]),
            ],
          ),
        ].join('\n'),
      );
    });
}
