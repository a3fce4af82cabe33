import { runCommand } from '@edm2/app-kit/command/run-command';
import type { ExitCode } from '@edm2/command/errors';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { Command } from 'commander';
import { addConvertCommand } from './commands/convert.js';
import { addGenerateCommand } from './commands/generate.js';
import { addMagnitudesCommand } from './commands/magnitudes.js';
import { addMetricsCommand } from './commands/metrics.js';
import { addNeighboursCommand } from './commands/neighbours.js';
import { addPresetsCommand } from './commands/presets.js';
import { addReconstructCommand } from './commands/reconstruct.js';
import { addSweepCommand } from './commands/sweep.js';
import { commandLine } from './options/command-line.js';
import { normaliseArgv } from './options/parse.js';

const HELP = `
Lists read 0-63,100 (whole numbers) and 0.05,0.10,...,0.30. NVIDIA's spellings of options (--sigma_min, --S_churn) work too.
--outdir, --dest and --output mean the same in every command: where results go. Nothing there is replaced unless --overwrite says so.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept.`;

export function createProgram(typed: string, name = 'edm2-evaluate'): Command {
  const program = new Command(name)
    .configureHelp(READABLE_HELP)
    .description('Images, averages, scores and sweeps of trained EDM2 networks.')
    .addHelpText('after', HELP);
  for (const add of [
    addGenerateCommand,
    addReconstructCommand,
    addMetricsCommand,
    addSweepCommand,
    addMagnitudesCommand,
    addNeighboursCommand,
    addConvertCommand,
    addPresetsCommand,
  ])
    add(program, typed);
  for (const command of everyCommand(program)) command.exitOverride().showSuggestionAfterError();
  return program;
}

/** A command and all below it: settings are not handed down to commands added with their own builder. */
function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child as Command))];
}

/**
 * Runs the command line.
 *
 * @param argv - arguments after the program's name.
 * @param name - of the program, where it is a command of another one.
 * @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept. Errors are printed, never thrown.
 */
export const runProgram = (argv: readonly string[], name?: string): Promise<ExitCode> =>
  runCommand(createProgram(commandLine(argv), name), normaliseArgv(argv));
