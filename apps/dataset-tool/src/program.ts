import { runCommand } from '@edm2/app-kit/command/run-command';
import type { ExitCode } from '@edm2/command/errors';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { ownCommand } from '@edm2/command/typed';
import { Command } from 'commander';
import { addConvertCommand } from './commands/convert.js';
import { addDecodeCommand } from './commands/decode.js';
import { addEncodeCommand } from './commands/encode.js';
import { addInfoCommand } from './commands/info.js';
import { addSplitCommand } from './commands/split.js';
import { addStatsCommand } from './commands/stats.js';
import { addVerifyCommand } from './commands/verify.js';

const EXAMPLES: readonly (readonly string[])[] = [
  ['convert', '--source', 'photos', '--dest', 'images.zip', '--transform', 'center-crop', '--resolution', '64x64'],
  ['encode', '--source', 'images.zip', '--dest', 'latents.zip', '--vae', 'sd-vae-ft-mse'],
  ['decode', '--source', 'latents.zip', '--dest', 'back.zip'],
  ['info', 'latents.zip'],
];

const help = (): string => `
Examples:
${EXAMPLES.map((args) => `  ${ownCommand(args)}`).join('\n')}
--outdir and --output are other names of --dest. Nothing that is there is replaced.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept.`;

export function createProgram(name = 'edm2-dataset'): Command {
  const program = new Command(name)
    .configureHelp(READABLE_HELP)
    .description('Datasets in EDM2’s format: any images to datasets, images to latents and back, statistics, contents.')
    .addHelpText('after', help);
  for (const add of [
    addConvertCommand,
    addEncodeCommand,
    addDecodeCommand,
    addInfoCommand,
    addVerifyCommand,
    addStatsCommand,
    addSplitCommand,
  ])
    add(program);
  for (const command of [program, ...program.commands]) command.exitOverride().showSuggestionAfterError();
  return program;
}

/**
 * Runs the command line.
 *
 * @param argv - arguments after the program's name.
 * @param name - of the program, where it is a command of another one.
 * @returns exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept. Errors are printed, never thrown.
 */
export const runProgram = (argv: readonly string[], name?: string): Promise<ExitCode> =>
  runCommand(createProgram(name), argv);
