import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './folders.js';

/** What the command makes in a folder of installations; nothing else there is touched. */
const MADE = /^(\d+\.\d+\.\d+-(cpu|cuda)|\.\d+\.\d+\.\d+-(cpu|cuda)\.partial|downloads)$/;

/**
 * Removes every installation, and what interrupted ones left.
 *
 * @returns paths of what was removed.
 */
export async function remove({ directory = cacheFolder() }: { directory?: string } = {}): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const paths = readdirSync(directory)
    .filter((name) => MADE.test(name))
    .map((name) => join(directory, name));
  for (const path of paths) await rm(path, { recursive: true });
  return paths;
}
