import type { Io } from '@edm2/command/io';
import type { Command } from 'commander';
import { leaveOneOut } from '../leave-one-out.js';
import { normalizing } from './normalizing.js';
import { formatCount, formatShare, parseLength } from './numbers.js';
import { type OpenCommandOptions, openingOf, withOpenOptions, withTime } from './open-options.js';
import { createProgress } from './progress.js';
import { table } from './table.js';

interface ErrorCommandOptions extends OpenCommandOptions {
  readonly sigmaRel?: number;
  readonly t?: number;
  readonly outkimg?: number;
  readonly wholeTrack?: true;
  readonly normalize: boolean;
  readonly json?: true;
}

/** `phema error`: predicted against measured, on averages that are known. */
export function addErrorCommand(program: Command, io: Io): void {
  const command = program
    .command('error')
    .description('Leave a stored average out, reconstruct it from the others, and compare.')
    .argument('<folder>', 'folder of PREFIX-KIMG-STD.safetensors or .pkl files, or of INDEX.STEP.pt of ema-pytorch')
    .option('--sigma-rel <length>', 'tracked length to leave out (default: each)', parseLength);
  withOpenOptions(withTime(command))
    .option('--whole-track', 'leave out every snapshot of that length')
    .option('--no-normalize', 'leave the weights as Algorithm 3 gives them, not divided by their sum')
    .option('--json', 'print one JSON object')
    .action(async (folder: string, options: ErrorCommandOptions) => {
      const { sigmaRel, t, outkimg: kimg, wholeTrack, normalize } = options;
      const progress = createProgress(io);
      const rows = await leaveOneOut({
        ...openingOf(options, io.signal),
        ...{ input: folder, sigmaRel, t, kimg, wholeTrack, normalize },
        onProgress: progress.update,
      }).finally(progress.done);
      if (options.json) return io.out(JSON.stringify({ normalize, rows }));
      const notFinite = rows.reduce((sum, row) => sum + row.notFinite, 0);
      io.out(
        [
          table(
            ['length', 'time', 'from', 'profile error', 'measured', 'of nearest', 'worst tensor'],
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
          normalizing(normalize),
          ...(notFinite > 0 ? [`Left out: ${formatCount(notFinite)} numbers that are not finite.`] : []),
        ].join('\n'),
      );
    });
}
