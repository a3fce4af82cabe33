import { type AutoencoderKL, createAutoencoderKL } from '../autoencoder.js';
import type { LatentNormalizer } from '../latent-normalizer.js';
import type { Params } from '../network.js';
import { createScalingNormalizer } from '../scaling-normalizer.js';
import { configOfShapes } from './config-of-shapes.js';
import { locateAutoencoder } from './locate-autoencoder.js';
import { readConfigFile } from './read-config-file.js';
import { findTensors, readTensors } from './read-tensors.js';
import { type Naming, namingOf, storedNames } from './stored-names.js';
import { openWeights, type Weights } from './weights.js';

/** What {@link loadAutoencoder} returns. */
export interface LoadedAutoencoder {
  readonly vae: AutoencoderKL;
  /** Float32 tensors whatever the file's type; the caller disposes. */
  readonly params: Params;
  /**
   * diffusers' way of scaling its latents, from `scaling_factor` and `shift_factor` of the configuration; undefined for a file of weights
   * alone, which does not say.
   */
  readonly scaling: LatentNormalizer | undefined;
}

/** Names that an error shows. */
const SHOWN = 3;

/**
 * Reads an autoencoder: a diffusers folder (`config.json`, and safetensors or pickled weights, in one file or several), a pipeline's folder
 * with `vae/` in it, or a file of weights alone: an autoencoder's, or a whole checkpoint's in latent diffusion's names
 * (`first_stage_model.…`). Float32 or half. Names and shapes are checked whole before any tensor is made; one tensor at a time is read.
 *
 * @param path - such as a download of `stabilityai/sd-vae-ft-mse`.
 * @throws {RangeError} when the configuration is not an AutoencoderKL's, or a tensor is missing, extra or misshapen.
 * @throws {SafetensorsParseError | PickleParseError} when the file is damaged or truncated.
 * @throws {Error} of the file system.
 */
export async function loadAutoencoder(path: string): Promise<LoadedAutoencoder> {
  const files = await locateAutoencoder(path, 'loadAutoencoder');
  const config =
    files.config === undefined ? undefined : await readConfigFile(files.config, 'loadAutoencoder', createAutoencoderKL);
  const weights = await openWeights(files.weights, 'loadAutoencoder');
  try {
    await weights.verify();
    const naming = namingOf(weights.entries) ?? noAutoencoder(weights, files.weights);
    const vae = config?.network ?? describeWeights(weights, naming, files.weights);
    const names = findTensors(weights, {
      fn: 'loadAutoencoder',
      parameters: vae.parameters,
      namesOf: (name) => storedNames(name, naming, vae.config.blockOutChannels.length),
      // A whole checkpoint holds other networks too, an autoencoder's own training its loss.
      only: naming.prefix === '' && naming.style === 'diffusers',
      path: files.weights,
    });
    const params = await readTensors(weights, vae.parameters, names);
    return { vae, params, scaling: config && createScalingNormalizer(config.options) };
  } finally {
    await weights.close();
  }
}

/**
 * What the `config.json` of an autoencoder says, without reading its weights: the network, and how diffusers scales its latents.
 *
 * @param path - what `loadAutoencoder` takes, with a `config.json`.
 * @throws {RangeError} (rejects) when there is no configuration, or it is not an AutoencoderKL's.
 * @throws {Error} (rejects) of the file system.
 */
export async function describeAutoencoder(path: string): Promise<{ vae: AutoencoderKL; scaling: LatentNormalizer }> {
  const { config } = await locateAutoencoder(path, 'describeAutoencoder');
  if (config === undefined)
    throw new RangeError(
      `describeAutoencoder: expected a folder with a config.json, got ${path} without one. Weights alone do not say how their latents are scaled.`,
    );
  const { network: vae, options } = await readConfigFile(config, 'describeAutoencoder', createAutoencoderKL);
  return { vae, scaling: createScalingNormalizer(options) };
}

function noAutoencoder({ entries }: Weights, path: string): never {
  const names = [...entries.keys()];
  const got = `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;
  throw new RangeError(
    `loadAutoencoder: expected the tensors of an autoencoder in ${path}, got ${got || 'none'}. Name the autoencoder's own file, or a checkpoint that it is in.`,
  );
}

/** The network of a file without a configuration. */
function describeWeights({ entries }: Weights, naming: Naming, path: string): AutoencoderKL {
  const config = configOfShapes(entries, naming);
  if (config) return createAutoencoderKL(config);
  throw new RangeError(
    `loadAutoencoder: expected an autoencoder with widths that are multiples of 32 in ${path}, got another one, which its file of weights does not fully describe. Put its config.json beside it, and name the folder.`,
  );
}
