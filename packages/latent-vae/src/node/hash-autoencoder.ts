import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { weightsFile } from './weights-file.js';

/**
 * SHA-256 (hex) of an autoencoder's weights file, as `sha256sum` prints it: what tells it from another of the same name.
 *
 * @param directory - a diffusers folder.
 * @throws {RangeError} (rejects) when it holds no safetensors file, or several of unknown names.
 * @throws {Error} (rejects) of the file system.
 */
export async function hashAutoencoder(directory: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(await weightsFile(directory, 'hashAutoencoder')), hash);
  return hash.digest('hex');
}
