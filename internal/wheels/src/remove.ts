import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes installations, and what interrupted ones left.
 *
 * @param isOurs - whether a name is that of an installation that the command makes; nothing else in the folder is touched.
 * @returns paths of what was removed.
 */
export async function remove(directory: string, isOurs: (name: string) => boolean): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const paths = readdirSync(directory)
    .filter((name) => name === 'downloads' || isOurs(/^\.(.*)\.partial$/.exec(name)?.[1] ?? name))
    .map((name) => join(directory, name));
  for (const path of paths) await rm(path, { recursive: true });
  return paths;
}
