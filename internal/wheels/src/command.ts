import { type ExitCode, UsageError } from '@edm2/command/errors';
import type { Io } from '@edm2/command/io';
import { runProgram } from '@edm2/command/run-program';
import { ownCommand } from '@edm2/command/typed';
import type { Command } from 'commander';
import type { InstallProgress } from './install.js';
import { createProgress } from './progress.js';

/** Runs a command that fetches a library: what is refused as out of range is wrong usage, and advice names what was typed here. */
export const runLibraryCommand = (program: Command, args: readonly string[], io: Io): Promise<ExitCode> =>
  runProgram(program, args, {
    io,
    interrupted: 'interrupted; run it again to go on where it stopped',
    word: (error) => (error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error),
    spell: asTyped(program.name()),
  });

/** A library tells programs how its command is called where it is installed; whoever typed it another way is told that. */
export const asTyped =
  (name: string) =>
  (text: string): string =>
    text.replace(new RegExp(`npx ${name} (install|remove|info)( --\\w+)?`, 'g'), (_, command: string, flag = '') =>
      ownCommand([command, ...(flag ? [flag.trim()] : [])]),
    );

/** What an installation says at its end. */
export interface InstalledLibrary {
  /** `TensorFlow 2.21.0`. */
  readonly what: string;
  readonly folder: string;
  /** Whether it was there before. */
  readonly already: boolean;
}

/** Installs with a line of progress, and says where it is. */
export async function showInstall(
  { out, err, now }: Io,
  install: (onProgress: (progress: InstallProgress) => void) => Promise<InstalledLibrary>,
): Promise<void> {
  const progress = createProgress({ err, now });
  try {
    const { what, folder, already } = await install(progress.update);
    progress.done();
    out(already ? `${what} is there already: ${folder}` : `${what} installed: ${folder}`);
  } finally {
    progress.done();
  }
}

/** Adds `remove`. @param remove - returns the paths of what it removed. */
export function addRemove(
  program: Command,
  { out }: Pick<Io, 'out'>,
  remove: (options: { directory?: string }) => Promise<string[]>,
): void {
  program
    .command('remove')
    .description('delete every installation')
    .option('--directory <folder>', 'where')
    .action(async ({ directory }: { directory?: string }) => {
      const paths = await remove(directory ? { directory } : {});
      out(paths.length === 0 ? 'nothing to remove' : paths.map((path) => `removed ${path}`).join('\n'));
    });
}
