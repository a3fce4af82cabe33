import { readdir, stat } from 'node:fs/promises';
import { UsageError } from '@edm2/command/errors';
import { explainFileError } from '@edm2/tensor-files';

/** Names that an error shows of a folder's files. */
const SHOWN = 3;

/**
 * Checks that an option names a file, before anything is started.
 *
 * @param option - with its dashes.
 * @param what - that the file is, such as `a network snapshot`.
 * @param ending - of files that it might be: those in a folder are named.
 * @param elsewhere - where one comes from.
 * @throws {UsageError} (rejects) when nothing is there, or a folder.
 * @throws {Error} (rejects) of the file system, explained.
 */
export async function expectSourceFile(
  option: string,
  path: string,
  what: string,
  ending: RegExp,
  elsewhere?: string,
): Promise<void> {
  const found = await look(option, path);
  if (!found)
    throw new UsageError(
      `${option}: expected ${what}, got no file at ${path}. Check the name.${elsewhere === undefined ? '' : ` ${elsewhere}`}`,
    );
  if (!found.isDirectory()) return;
  const inside = (await readdir(path)).filter((name) => ending.test(name)).sort();
  const shown = inside.slice(-SHOWN).join(', ');
  const more = inside.length > SHOWN ? `, and ${inside.length - SHOWN} more` : '';
  throw new UsageError(
    `${option}: expected ${what}, got the folder ${path}. ${inside.length > 0 ? `Name a file in it: ${shown}${more}.` : 'Name a file.'}`,
  );
}

/**
 * Checks that an option names something, before anything is started.
 *
 * @throws {UsageError} (rejects) when nothing is there.
 */
export async function expectSource(option: string, path: string, what: string): Promise<void> {
  if (!(await look(option, path)))
    throw new UsageError(`${option}: expected ${what}, got nothing at ${path}. Check the name.`);
}

/**
 * Checks that an option names a folder, before anything is started.
 *
 * @throws {UsageError} (rejects) when nothing is there, or a file.
 */
export async function expectSourceFolder(option: string, path: string, what: string): Promise<void> {
  const found = await look(option, path);
  if (!found) throw new UsageError(`${option}: expected ${what}, got no folder at ${path}. Check the name.`);
  if (!found.isDirectory()) throw new UsageError(`${option}: expected ${what}, got the file ${path}. Name its folder.`);
}

/** What an option names; undefined when nothing is there. */
async function look(option: string, path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw explainFileError(error, { fn: option, path });
  });
}
