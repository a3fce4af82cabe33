import { join } from 'node:path';
import { exists } from './run-folder.js';

/**
 * The folder of a run that named none: `runs/<name>`, `runs/<name>-2`, … — the next free one, or with `resume` the last there is.
 */
export async function defaultOutdir(name: string, resume: boolean): Promise<string> {
  const nth = (n: number): string => join('runs', n === 1 ? name : `${name}-${n}`);
  let n = 1;
  while (await exists(nth(n))) n++;
  return nth(resume && n > 1 ? n - 1 : n);
}
