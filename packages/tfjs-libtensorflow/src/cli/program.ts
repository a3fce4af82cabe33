import type { ExitCode } from '@edm2/command/errors';
import { formatBytes } from '@edm2/command/format-bytes';
import type { Io } from '@edm2/command/io';
import { styled } from '@edm2/command/program-style';
import { ownCommand } from '@edm2/command/typed';
import { addRemove, asTyped, runLibraryCommand, showInstall } from '@edm2/wheels/command';
import type { InstallSources } from '@edm2/wheels/install';
import { Command } from 'commander';
import { VERSIONS } from '../install/catalogue.js';
import { FOLDER_VARIABLE } from '../install/folders.js';
import { type InstallInfo, info } from '../install/info.js';
import { install } from '../install/install.js';
import { remove } from '../install/remove.js';

const NAME = 'tfjs-libtensorflow';

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
  runLibraryCommand(createProgram(io, sources), args, io);

export function createProgram(io: Io, sources: InstallSources): Command {
  const program = styled(new Command(NAME), io)
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
  addRemove(program, io, remove);
  return program;
}

const runInstall = ({ cuda = false, version, directory }: InstallFlags, io: Io, sources: InstallSources) =>
  showInstall(io, async (onProgress) => {
    const options = { cuda, version, ...(directory && { directory }), onProgress, signal: io.signal };
    const made = await install(options, sources);
    return { ...made, what: `TensorFlow ${made.version}${cuda ? ' with CUDA' : ''}` };
  });

function runInfo({ directory, json }: FolderFlags, { out }: Io): void {
  const found = info(directory ? { directory } : {});
  out(json ? JSON.stringify(found, null, 2) : lines(found).join('\n'));
}

function lines({ directory, installations, opened }: InstallInfo): string[] {
  if (opened === undefined) return [`nothing is installed in ${directory}. Run: ${ownCommand(['install'])}`];
  const rows = installations.map(
    ({ version, variant, bytes, folder }) =>
      `TensorFlow ${version ?? '(of a Python installation)'}  ${variant}  ${formatBytes(bytes)}  ${folder}`,
  );
  const state =
    'error' in opened
      ? `the first one does not open: ${asTyped(NAME)(opened.error)}`
      : `the first one opens as TensorFlow ${opened.version}, devices: ${opened.devices.join(', ')}`;
  return [...rows, state];
}
