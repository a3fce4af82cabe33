import type { Command } from 'commander';
import { leaveOneOut } from '../leave-one-out.js';
import type { Io } from './io.js';
import { collect, formatCount, formatShare, parseCount, parsePositive, parseTrack } from './numbers.js';
import { createProgress } from './progress.js';
import { table } from './table.js';

interface ErrorCommandOptions {
  readonly sigmaRel?: number;
  readonly t?: number;
  readonly wholeTrack?: true;
  readonly track?: number[];
  readonly updateEvery?: number;
  readonly allow?: string[];
  readonly json?: true;
}

/** `phema error`: predicted against measured, on averages that are known. */
export function addErrorCommand(program: Command, io: Io): void {
  program
    .command('error')
    .description('Leave a stored average out, reconstruct it from the others, and compare.')
    .argument('<folder>', 'folder of PREFIX-KIMG-STD.safetensors or .pkl files, or of INDEX.STEP.pt of ema-pytorch')
    .option('--sigma-rel <length>', 'tracked length to leave out, default each', Number)
    .option('--t <images>', 'its time, default the last stored', parseCount)
    .option('--whole-track', 'leave out every snapshot of that length')
    .option('--track <lengths>', 'for ema-pytorch: the sigma_rels that it tracked, in order', parseTrack)
    .option('--update-every <steps>', 'for ema-pytorch: its update_every', parsePositive)
    .option('--allow <name>', 'a further name that a pickle may use, as module.Name (repeatable)', collect)
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: ErrorCommandOptions) => {
      const progress = createProgress(io.err, io.now);
      const rows = await leaveOneOut({
        input: folder,
        sigmaRel: options.sigmaRel,
        t: options.t,
        wholeTrack: options.wholeTrack,
        track: options.track,
        updateEvery: options.updateEvery,
        allow: options.allow,
        signal: io.signal,
        onProgress: progress.update,
      }).finally(progress.done);
      if (options.json) return io.out(JSON.stringify({ rows }));
      io.out(
        [
          table(
            ['length', 'images', 'from', 'profile error', 'measured', 'of nearest', 'worst tensor'],
            rows.map((row) => [
              String(row.sigmaRel),
              formatCount(row.nimg),
              String(row.from),
              formatShare(row.profileError),
              formatShare(row.relativeError),
              formatShare(row.relativeToNearest),
              `${row.worst.name} ${formatShare(row.worst.relativeError)}`,
            ]),
          ),
          '',
          'measured: relative to the weights. of nearest: relative to how far the stored average with most weight is by itself.',
        ].join('\n'),
      );
    });
}
