import '@tensorflow/tfjs';
import { runCommand } from '@edm2/app-kit/command/run-command';
import type { ExitCode } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { ownCommand } from '@edm2/command/typed';
import { ENGINE_NAMES, ENGINES, type KnownEngine, startEngine } from '@edm2/engine';
import { Command } from 'commander';
import { runCommand as runLibtensorflow } from '../../../../packages/tfjs-libtensorflow/src/cli/program.js';
import { runCommand as runXla } from '../../../../packages/tfjs-xla/src/cli/program.js';
import { typedAs } from './typed-as.js';
import { withIo } from './with-io.js';

/** Engines that can be started, best first. */
const USABLE = ENGINE_NAMES.filter((name) => ENGINES[name].refused === undefined);

/** A library that its own command fetches. */
interface Library {
  readonly title: string;
  run(args: readonly string[], io: Io): Promise<ExitCode>;
}

/** By the word that chooses one; the first where none does. */
const LIBRARIES: Readonly<Record<string, Library>> = {
  tensorflow: { title: 'TensorFlow’s C library', run: (args, io) => runLibtensorflow(args, io) },
  xla: { title: 'XLA’s plugins', run: (args, io) => runXla(args, io, { words: ['engines', 'xla'] }) },
};
const [DEFAULT = ''] = Object.keys(LIBRARIES);

/** Commands that every one of them has. */
const COMMANDS = ['install', 'info', 'remove'] as const;

/** What to run where an engine does not answer, behind `edm2 engines`. */
const REMEDIES: Readonly<Partial<Record<KnownEngine, readonly string[]>>> = {
  'tensorflow-gpu': ['install', '--cuda'],
  tensorflow: ['install'],
  xla: ['xla', 'install'],
};

/** `edm2 engines`: starts one after the other and says what answers; and what the commands of the libraries do. */
export async function runEngines(args: readonly string[]): Promise<ExitCode> {
  const asked = libraryOf(args);
  if (!asked) return runCommand(createProgram(), args);
  for (const name of asked.names) {
    typedAs(name === DEFAULT ? ['engines'] : ['engines', name], asked.args);
    const code = await withIo((io) => (LIBRARIES[name] as Library).run(asked.args, io));
    if (code !== 0) return code;
  }
  return 0;
}

/** `install xla --cpu` and `xla install --cpu` are one; `info` without a name is of all. */
export function libraryOf(
  args: readonly string[],
): { readonly names: readonly string[]; readonly args: readonly string[] } | undefined {
  const [first = '', second = ''] = args;
  if (Object.hasOwn(LIBRARIES, first)) return { names: [first], args: args.slice(1) };
  if (!COMMANDS.some((name) => name === first) && first !== 'open') return undefined;
  if (Object.hasOwn(LIBRARIES, second)) return { names: [second], args: [first, ...args.slice(2)] };
  return { names: first === 'info' && args.length === 1 ? Object.keys(LIBRARIES) : [DEFAULT], args };
}

/** The command without what it hands on. */
export function createProgram(): Command {
  const more = Object.entries(LIBRARIES).map(([name, { title }]) => {
    const chosen = name === DEFAULT ? [] : [name];
    return `${title}: ${COMMANDS.map((command) => ownCommand(['engines', command, ...chosen])).join(', ')}`;
  });
  const program = new Command('edm2 engines')
    .configureHelp(READABLE_HELP)
    .description('Say which engines answer on this machine, and why others do not.')
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .addHelpText('after', `\n${more.join('\n')}\n--help says more of each.`)
    .action(listEngines);
  return program;
}

async function listEngines(): Promise<void> {
  for (const name of USABLE) process.stdout.write(`${await describeEngine(name)}\n`);
}

async function describeEngine(name: KnownEngine): Promise<string> {
  try {
    const { version, device, threads } = await startEngine(name);
    const at = device === 'CPU' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : '';
    return `✓ ${name.padEnd(16)}${version} on ${device}${at}`;
  } catch (error) {
    const { message } = error as Error;
    const [reason = ''] = (/got: (.*?) Install /s.exec(message)?.[1] ?? message).split('\n', 1);
    const remedy = REMEDIES[name];
    const how = remedy ? ` Install it: ${ownCommand(['engines', ...remedy])}` : '';
    return `– ${name.padEnd(16)}${reason}${how}`;
  }
}
