import { isGiven } from '@edm2/app-kit/command/idle-options';
import { aloneIn } from '@edm2/app-kit/files/alone';
import { UsageError } from '@edm2/command/errors';
import type { Command } from 'commander';
import { checkSweepOptions, type SweepOptions, withSweepOptions } from '../options/sweep-options.js';
import { bestCommand } from './sweep-best.js';
import { perTensorCommand } from './sweep-per-tensor.js';

/** `edm2-evaluate sweep`. */
export const addSweepCommand = (program: Command, typed: string): Command =>
  withSweepOptions(program.command('sweep'))
    .description('Find the best EMA length, guidance and interval; draw how the score depends on them.')
    .action((options: SweepOptions, command: Command) => {
      const given = (name: string): boolean => isGiven(command, name);
      checkSweepOptions(command, options);
      if (options.perTensor) return alone(options, () => perTensorCommand(options, given, typed));
      if (given('lengths'))
        throw new UsageError(
          '--lengths: expected --per-tensor as well, got none. Give lengths of all tensors as --sigma-rel.',
        );
      return alone(options, () => bestCommand(options, typed));
    });

/** One sweep at a time writes to a folder. */
const alone = ({ outdir }: SweepOptions, work: () => Promise<void>): Promise<void> =>
  outdir === undefined ? work() : aloneIn(outdir, 'sweep', work);
