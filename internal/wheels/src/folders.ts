import { lstatSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What a package calls its folder of installations. */
export interface Cache {
  /** Name in the user's cache. */
  readonly name: string;
  /** Environment variable that names another folder. */
  readonly variable: string;
}

/**
 * The folder that installations are kept in: the one that the variable names, else the user's cache. Not node_modules: what is
 * there is lost at the next install.
 */
export function cacheFolder(
  { name, variable }: Cache,
  env: NodeJS.ProcessEnv = process.env,
  platform: string = process.platform,
): string {
  const named = env[variable];
  if (named) return named;
  const cache = platform === 'darwin' ? join(homedir(), 'Library/Caches') : join(homedir(), '.cache');
  return join(env['XDG_CACHE_HOME'] || cache, name);
}

/** Bytes of a file, or of all files in a folder; 0 where there is neither. */
export function bytesOf(path: string): number {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 0;
  if (!entry.isDirectory()) return entry.size;
  return readdirSync(path).reduce((total, name) => total + bytesOf(join(path, name)), 0);
}
