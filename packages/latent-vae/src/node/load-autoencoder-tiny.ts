import { type AutoencoderTiny, createAutoencoderTiny } from '../autoencoder-tiny.js';
import type { Params } from '../network.js';
import { locateAutoencoder } from './locate-autoencoder.js';
import { readConfigFile } from './read-config-file.js';
import { findTensors, readTensors } from './read-tensors.js';
import { openWeights } from './weights.js';

/** What {@link loadAutoencoderTiny} returns. */
export interface LoadedAutoencoderTiny {
  readonly vae: AutoencoderTiny;
  /** Float32 tensors whatever the file's type; the caller disposes. */
  readonly params: Params;
}

/**
 * Reads a tiny autoencoder from its diffusers folder (`config.json`, and weights in any of the forms that `loadAutoencoder` reads).
 *
 * @param path - such as a download of `madebyollin/taesd`.
 * @throws {RangeError} (rejects) when the configuration is not an AutoencoderTiny's, there is none, or a tensor is missing, extra or misshapen.
 * @throws {SafetensorsParseError | PickleParseError} (rejects) when the file is damaged or truncated.
 * @throws {Error} (rejects) of the file system.
 */
export async function loadAutoencoderTiny(path: string): Promise<LoadedAutoencoderTiny> {
  const fn = 'loadAutoencoderTiny';
  const { config, weights: file } = await locateAutoencoder(path, fn);
  if (config === undefined)
    throw new RangeError(
      `${fn}: expected a folder with a config.json, got ${path} without one. Its shapes alone do not say what it is.`,
    );
  const { network: vae } = await readConfigFile(config, fn, createAutoencoderTiny);
  const weights = await openWeights(file, fn);
  try {
    await weights.verify();
    const wanted = { fn, parameters: vae.parameters, namesOf: (name: string) => [name], only: true, path: file };
    return { vae, params: await readTensors(weights, vae.parameters, findTensors(weights, wanted)) };
  } finally {
    await weights.close();
  }
}
