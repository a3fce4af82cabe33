import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { locateAutoencoder } from './locate-autoencoder.js';
import { weightFiles } from './weights.js';

/**
 * SHA-256 (hex) of an autoencoder's weights file, as `sha256sum` prints it. It tells apart autoencoders of one name, which anybody may give.
 * Several files are hashed one after the other. The same weights in half precision have another hash.
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
