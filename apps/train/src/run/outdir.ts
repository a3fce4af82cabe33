import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, exists } from './run-folder.js';

/**
 * The folder of a run that named none: `runs/<name>`, `runs/<name>-2`, … — the next free one, or with `resume` the last there is.
 */
export async function defaultOutdir(name: string, resume: boolean): Promise<string> {
  const nth = (n: number): string => join('runs', n === 1 ? name : `${name}-${n}`);
  let n = 1;
  while ((await exists(nth(n))) && (resume || !(await holdsCacheAlone(nth(n))))) n++;
  return nth(resume && n > 1 ? n - 1 : n);
}

/** A folder in which images were made ready, and no run was begun. */
const holdsCacheAlone = async (folder: string): Promise<boolean> =>
  (await readdir(folder).catch(() => [])).every((name) => name === CACHE) && exists(join(folder, CACHE));
