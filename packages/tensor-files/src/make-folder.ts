import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it that are missing. `mkdir` with `recursive` does so too, but never ends where the file
 * system takes no new folder and says that the path does not exist, as `/proc` does.
 *
 * @param path - may exist already.
 * @returns the outermost folder that was made; undefined when all existed.
 * @throws {Error} of the file system (rejects): EEXIST or ENOTDIR when a file has one of the names, else why it cannot be made.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const missing: string[] = [];
  for (let each = resolve(path); !(await isFolder(each)); each = dirname(each)) {
    missing.unshift(each);
    if (dirname(each) === each) break; // a drive that is not there
  }
  for (const each of missing) await mkdir(each).catch(unless('EEXIST'));
  return missing[0];
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(unless('ENOENT'));
  if (found && !found.isDirectory()) await mkdir(path); // fails, with the system's own words
  return found !== undefined;
}

const unless = (code: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== code) throw error;
  return undefined;
};
