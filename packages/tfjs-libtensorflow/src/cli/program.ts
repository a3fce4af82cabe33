import { type ExitCode, UsageError } from '@edm2/command/errors';
import { formatBytes } from '@edm2/command/format-bytes';
import type { Io } from '@edm2/command/io';
import { styled } from '@edm2/command/program-style';
import { runProgram } from '@edm2/command/run-program';
import { ownCommand } from '@edm2/command/typed';
import type { InstallSources } from '@edm2/wheels/install';
import { createProgress } from '@edm2/wheels/progress';
import { Command } from 'commander';
import { VERSIONS } from '../install/catalogue.js';
import { FOLDER_VARIABLE } from '../install/folders.js';
import { type InstallInfo, info } from '../install/info.js';
import { install } from '../install/install.js';
import { remove } from '../install/remove.js';

interface InstallFlags {
  readonly cuda?: boolean;
  readonly version: string;
  readonly directory?: string;
}

interface FolderFlags {
  readonly directory?: string;
  readonly json?: boolean;
}

/**
 * Runs the `tfjs-libtensorflow` command.
 *
 * @param args - without node and script.
 * @param sources - what tests put in the place of the network.
 */
export const runCommand = (args: readonly string[], io: Io, sources: InstallSources = {}): Promise<ExitCode> =>
  runProgram(createProgram(io, sources), args, {
    io,
    interrupted: 'interrupted; run it again to go on where it stopped',
    word: (error) => (error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error),
    spell: asTyped,
  });

export function createProgram(io: Io, sources: InstallSources): Command {
  const program = styled(new Command('tfjs-libtensorflow'), io)
    .description(
      'Fetch TensorFlow’s C library for @edm2/tfjs-libtensorflow, out of the official wheels. No Python runs.',
    )
    .addHelpText(
      'after',
      `\nInstallations are kept in the user's cache folder; --directory or ${FOLDER_VARIABLE} names another one.\nWheels come from the package index of pip's settings (PIP_INDEX_URL, pip.conf).`,
    );
  program
    .command('install')
    .description('download, check and unpack the library (about 270 MB; with CUDA 2.5 GB)')
    .option('--cuda', 'the build with CUDA 12, and NVIDIA’s libraries (Linux x64)')
    .option('--version <version>', `TensorFlow ${VERSIONS.join(' or ')}`, VERSIONS[0])
    .option('--directory <folder>', 'where to')
    .action((flags: InstallFlags) => runInstall(flags, io, sources));
  program
    .command('info')
    .description('what is installed, its size, and which devices answer')
    .option('--directory <folder>', 'where')
    .option('--json', 'as JSON')
    .action((flags: FolderFlags) => runInfo(flags, io));
  program
    .command('remove')
    .description('delete every installation')
    .option('--directory <folder>', 'where')
    .action((flags: FolderFlags) => runRemove(flags, io));
  return program;
}

async function runInstall(
  { cuda = false, version, directory }: InstallFlags,
  { out, err, signal, now }: Io,
  sources: InstallSources,
): Promise<void> {
  const progress = createProgress({ err, now });
  try {
    const made = await install(
      { cuda, version, ...(directory && { directory }), onProgress: progress.update, signal },
      sources,
    );
    progress.done();
    const what = `TensorFlow ${made.version}${cuda ? ' with CUDA' : ''}`;
    out(made.already ? `${what} is there already: ${made.folder}` : `${what} installed: ${made.folder}`);
  } finally {
    progress.done();
  }
}

function runInfo({ directory, json }: FolderFlags, { out }: Io): void {
  const found = info(directory ? { directory } : {});
  out(json ? JSON.stringify(found, null, 2) : lines(found).join('\n'));
}

/** The library tells programs how this command is called where it is installed; whoever typed it another way is told that. */
const asTyped = (text: string): string =>
  text.replace(/npx tfjs-libtensorflow (install|remove|info)( --cuda)?/g, (_, name: string, flag = '') =>
    ownCommand([name, ...(flag ? [flag.trim()] : [])]),
  );

function lines({ directory, installations, opened }: InstallInfo): string[] {
  if (opened === undefined) return [`nothing is installed in ${directory}. Run: ${ownCommand(['install'])}`];
  const rows = installations.map(
    ({ version, variant, bytes, folder }) =>
      `TensorFlow ${version ?? '(of a Python installation)'}  ${variant}  ${formatBytes(bytes)}  ${folder}`,
  );
  const state =
    'error' in opened
      ? `the first one does not open: ${asTyped(opened.error)}`
      : `the first one opens as TensorFlow ${opened.version}, devices: ${opened.devices.join(', ')}`;
  return [...rows, state];
}

async function runRemove({ directory }: FolderFlags, { out }: Io): Promise<void> {
  const paths = await remove(directory ? { directory } : {});
  out(paths.length === 0 ? 'nothing to remove' : paths.map((path) => `removed ${path}`).join('\n'));
}
