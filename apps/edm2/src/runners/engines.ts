import '@tensorflow/tfjs';
import { runCommand } from '@edm2/app-kit/command/run-command';
import type { ExitCode } from '@edm2/command/errors';
import { READABLE_HELP } from '@edm2/command/readable-help';
import { ownCommand } from '@edm2/command/typed';
import { ENGINE_NAMES, ENGINES, startEngine } from '@edm2/engine';
import { Command } from 'commander';
import { runCommand as runLibtensorflow } from '../../../../packages/tfjs-libtensorflow/src/cli/program.js';
import { typedAs } from './typed-as.js';
import { withIo } from './with-io.js';

/** Engines that can be started, best first. */
const USABLE = ENGINE_NAMES.filter((name) => ENGINES[name].refused === undefined);

/** Commands of tfjs-libtensorflow. */
const LIBRARY = ['install', 'info', 'remove'] as const;

/** `edm2 engines`: starts one after the other and says what answers; and what tfjs-libtensorflow does. */
export function runEngines(args: readonly string[]): Promise<ExitCode> {
  if (LIBRARY.some((name) => name === args[0])) {
    typedAs(['engines'], args);
    return withIo((io) => runLibtensorflow(args, io));
  }
  return runCommand(createProgram(), args);
}

/** The command without what it hands on. */
export function createProgram(): Command {
  const program = new Command('edm2 engines')
    .configureHelp(READABLE_HELP)
    .description('Say which engines answer on this machine, and why others do not.')
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `\nTensorFlow’s C library: ${LIBRARY.map((name) => ownCommand(['engines', name])).join(', ')}; --help says more of each.`,
    )
    .action(listEngines);
  return program;
}

async function listEngines(): Promise<void> {
  for (const name of USABLE) {
    const line = await startEngine(name).then(
      ({ version, device, threads }) =>
        `✓ ${name.padEnd(16)}${version} on ${device}${device === 'CPU' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`,
      (error: unknown) =>
        `– ${name.padEnd(16)}${/got: (.*?) Install /s.exec(String((error as Error).message))?.[1] ?? (error as Error).message}`,
    );
    process.stdout.write(`${line.split('\n', 1)[0]}\n`);
  }
}
