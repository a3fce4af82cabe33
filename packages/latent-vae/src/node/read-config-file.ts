import type { DiffusersConfig } from '../config.js';
import { readJson } from './read-json.js';

/** Larger than any configuration: published ones have less than a kilobyte. */
const MAX_CONFIG_BYTES = 1 << 20;

/**
 * Reads a `config.json` and describes its network.
 *
 * @param fn - who asks, for errors.
 * @throws {RangeError} (rejects) naming the file, and what `describe` says is wrong in it.
 */
export async function readConfigFile<T>(
  path: string,
  fn: string,
  describe: (options: DiffusersConfig) => T,
): Promise<{ network: T; options: DiffusersConfig }> {
  const options = (await readJson(path, fn, MAX_CONFIG_BYTES)) as DiffusersConfig;
  try {
    return { network: describe(options), options };
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}
