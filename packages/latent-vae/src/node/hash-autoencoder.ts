import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { locateAutoencoder } from './locate-autoencoder.js';
import { weightFiles } from './weights.js';

/**
 * SHA-256 (hex) of an autoencoder's weights file, as `sha256sum` prints it: what tells it from another of the same name. Of several files,
 * that of one after the other.
 *
 * @param path - what `loadAutoencoder` takes.
 * @throws {RangeError} (rejects) when it holds no weights, or several files of unknown names.
 * @throws {Error} (rejects) of the file system.
 */
export async function hashAutoencoder(path: string): Promise<string> {
  const { weights } = await locateAutoencoder(path, 'hashAutoencoder');
  const hash = createHash('sha256');
  for (const file of await weightFiles(weights, 'hashAutoencoder'))
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
