import { commandMessage } from '@edm2/command/command-message';
import { ownCommand } from '@edm2/command/typed';
import { Command, CommanderError } from 'commander';
import { VERSIONS } from '../install/catalogue.js';
import { FOLDER_VARIABLE } from '../install/folders.js';
import { type InstallInfo, info } from '../install/info.js';
import { type InstallSources, install } from '../install/install.js';
import { remove } from '../install/remove.js';
import { createProgress, formatBytes, type ProgressStream } from './progress.js';

/** What the command talks to. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: ProgressStream;
  readonly signal: AbortSignal;
  /** Milliseconds, for rates and for when a line of progress is due. Default the system's clock. */
  readonly now?: () => number;
}

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;

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
export async function runCommand(args: readonly string[], io: Io, sources: InstallSources = {}): Promise<ExitCode> {
  try {
    await createProgram(io, sources).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (io.signal.aborted) {
      io.err.write('tfjs-libtensorflow: interrupted; run it again to go on where it stopped\n');
      return 130;
    }
    const message = asTyped(commandMessage(error, 'tfjs-libtensorflow'));
    io.err.write(message.startsWith('tfjs-libtensorflow: ') ? `${message}\n` : `tfjs-libtensorflow: ${message}\n`);
    return error instanceof RangeError ? 2 : 1;
  }
}

export function createProgram(io: Io, sources: InstallSources): Command {
  const program = new Command('tfjs-libtensorflow')
    .description(
      'Fetch TensorFlow’s C library for @edm2/tfjs-libtensorflow, out of the official wheels. No Python runs.',
    )
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => void io.err.write(text) })
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help for the options.')
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
  const progress = createProgress(err, now);
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
