import { homedir } from 'node:os';
import { join } from 'node:path';

/** Environment variable that names the folder of installations. */
export const FOLDER_VARIABLE = 'TFJS_LIBTENSORFLOW_DIR';

/**
 * The folder that installations are kept in: `TFJS_LIBTENSORFLOW_DIR`, else the user's cache. Not node_modules: what is there
 * is lost at the next install.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
  const named = env[FOLDER_VARIABLE];
  if (named) return named;
  const cache = platform === 'darwin' ? join(homedir(), 'Library/Caches') : join(homedir(), '.cache');
  return join(env['XDG_CACHE_HOME'] || cache, 'tfjs-libtensorflow');
}

/** File names of the C library, newest naming first. */
export const LIBRARY_FILES = ['libtensorflow_cc.so.2', 'libtensorflow_cc.2.dylib'] as const;
