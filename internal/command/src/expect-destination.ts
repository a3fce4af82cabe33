import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { explainFileError, removeLeftovers } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { UsageError } from './errors.js';

/** Adds `--overwrite`. */
export const withOverwrite = (command: Command, what: string): Command => command.option('--overwrite', what);

/**
 * Checks that a file can be written before the work begins whose result it takes. What a killed process has left of it is removed.
 *
 * @param option - that names it, with its dashes.
 * @param overwrite - a file that is there may be replaced.
 * @returns whether one is there.
 * @throws {UsageError} (rejects) when something is there that may not be replaced.
 * @throws {Error} (rejects) of the file system, explained, when nothing can be written there.
 */
export async function expectFile(option: string, path: string, overwrite = false): Promise<boolean> {
  const there = await lookAt(option, path);
  if (there === 'folder')
    throw new UsageError(`${option}: expected the name of a file, got ${path}, a folder. Add a name in it.`);
  if (there === 'file' && !overwrite)
    throw new UsageError(
      `${option}: expected a new file, got ${path}, which is there already. Choose another name, or add --overwrite to replace it.`,
    );
  await expectWritable(option, dirname(resolve(path)));
  await removeLeftovers(dirname(resolve(path)), basename(path));
  return there === 'file';
}

/**
 * Checks that files can be written into a folder, which need not be there yet, before the work begins whose results it takes.
 *
 * @throws {UsageError} (rejects) when it is a file.
 * @throws {Error} (rejects) of the file system, explained, when nothing can be written there.
 */
export async function expectFolder(option: string, path: string): Promise<void> {
  if ((await lookAt(option, path)) === 'file')
    throw new UsageError(`${option}: expected a folder, got ${path}, a file. Choose another name.`);
  await expectWritable(option, resolve(path));
  await removeLeftovers(path);
}

/**
 * Checks that nothing is where a command makes a folder or a file that it never replaces. What a killed process has left of it is removed.
 *
 * @throws {UsageError} (rejects) when something is there.
 * @throws {Error} (rejects) of the file system, explained, when nothing can be written there.
 */
export async function expectNew(option: string, path: string): Promise<void> {
  const there = await lookAt(option, path);
  if (there !== undefined)
    throw new UsageError(
      `${option}: expected a new name, got the ${there} ${path}, which is there already. Choose another, or remove it.`,
    );
  await expectWritable(option, dirname(resolve(path)));
  await removeLeftovers(dirname(resolve(path)), basename(path));
}

async function lookAt(option: string, path: string): Promise<'file' | 'folder' | undefined> {
  if (path.trim() === '') throw new UsageError(`${option}: expected a name, got an empty one. Give one.`);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw explainFileError(error, { fn: option, path });
  });
  return found && (found.isDirectory() ? 'folder' : 'file');
}

/** Of the folder, or of the first above it that is there. */
async function expectWritable(option: string, folder: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return await access(at, constants.W_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && at !== dirname(at)) continue;
      throw explainFileError(error, { fn: option, path: at, state: 'nothing was begun' });
    }
  }
}
