import type { ExitCode } from '@edm2/command/errors';
import { suggest } from '@edm2/command/nearest';
import { ownCommand } from '@edm2/command/typed';
import { ALIASES, COMMANDS } from './commands.js';

const NAMES = Object.keys(COMMANDS);
const WIDTH = Math.max(...NAMES.map((name) => name.length)) + 2;

/** The list of commands. */
const help = (): string => `Usage: edm2 <command> [options]

EDM2 (Karras et al., CVPR 2024): train a diffusion model, choose its EMA length afterwards, draw from it, score it.

Commands:
${NAMES.map((name) => `  ${name.padEnd(WIDTH)}${COMMANDS[name]?.line}`).join('\n')}

Examples:
${[
  ['generate', '--net', 'digits', '--grid', 'digits.png'],
  ['train', '--data', 'path/to/images', '--outdir', 'runs/mine'],
  ['generate', '--net', 'runs/mine', '--sigma-rel', '0.1', '--grid', 'mine.png'],
]
  .map((args) => `  ${ownCommand(args)}`)
  .join('\n')}

edm2 <command> --help says more of one.
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept.`;

/**
 * Runs the command line.
 *
 * @param argv - arguments after the program's name.
 * @returns exit code. Errors are printed, never thrown.
 */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    process.stderr.write(`${help()}\n`);
    return 2;
  }
  if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    process.stdout.write(`${help()}\n`);
    return 0;
  }
  const [name, args] = first === 'help' ? [rest[0] ?? '', [...rest.slice(1), '--help']] : [first, rest];
  const command = Object.hasOwn(COMMANDS, ALIASES[name] ?? name) ? COMMANDS[ALIASES[name] ?? name] : undefined;
  if (command) return command.run(args);
  process.stderr.write(
    `edm2: expected a command, got ${name}.${suggest(name, NAMES) || ` They are ${NAMES.join(', ')}.`} ${ownCommand(['--help'])} says what each does.\n`,
  );
  return 2;
}
