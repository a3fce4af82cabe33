import { basename } from 'node:path';
import { fromStateDict, toFileShape } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { type AutoencoderKL, createAutoencoderKL } from '../autoencoder.js';
import type { DiffusersConfig } from '../config.js';
import type { LatentNormalizer } from '../latent-normalizer.js';
import type { Params } from '../network.js';
import { createScalingNormalizer } from '../scaling-normalizer.js';
import { configOfShapes } from './config-of-shapes.js';
import { locateAutoencoder } from './locate-autoencoder.js';
import { readJson } from './read-json.js';
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

/** Larger than any configuration: published ones have less than a kilobyte. */
const MAX_CONFIG_BYTES = 1 << 20;

/** Types that weights may have. */
const FLOATS = new Set<string>(['F32', 'F16', 'BF16', 'F64']);

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
  const config = files.config === undefined ? undefined : await readConfig(files.config);
  const weights = await openWeights(files.weights, 'loadAutoencoder');
  const params: Params = {};
  try {
    await weights.verify();
    const naming = namingOf(weights.entries) ?? noAutoencoder(weights, files.weights);
    const vae = config?.vae ?? describeWeights(weights, naming, files.weights);
    const names = findTensors(weights, vae, naming, files.weights);
    for (const spec of vae.parameters) {
      const { data } = await weights.readFloat32(names.get(spec.name) ?? spec.name);
      Object.assign(params, fromStateDict([spec], { [spec.name]: { shape: toFileShape(spec.shape), data } }));
    }
    return { vae, params, scaling: config && createScalingNormalizer(config.options) };
  } catch (error) {
    tf.dispose(params);
    throw error;
  } finally {
    await weights.close();
  }
}

async function readConfig(path: string): Promise<{ vae: AutoencoderKL; options: DiffusersConfig }> {
  const options = (await readJson(path, 'loadAutoencoder', MAX_CONFIG_BYTES)) as DiffusersConfig;
  try {
    return { vae: createAutoencoderKL(options), options };
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`, { cause: error }) : error;
  }
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

/** Where the file has each parameter; everything checked. */
function findTensors(
  { entries, opaque }: Weights,
  vae: AutoencoderKL,
  naming: Naming,
  path: string,
): Map<string, string> {
  const fail = (expected: string, got: string): never => {
    throw new RangeError(
      `loadAutoencoder: expected ${basename(path)} to hold ${expected}, got ${got}. Check that it belongs to the config.json beside it (${path}).`,
    );
  };
  const names = new Map<string, string>();
  for (const { name, shape } of vae.parameters) {
    const candidates = storedNames(name, naming, vae.config.blockOutChannels.length);
    const stored = candidates.find((candidate) => entries.has(candidate));
    const kinds = candidates.flatMap((candidate) => opaque.get(candidate) ?? []);
    if (stored === undefined) return fail(candidates[0] ?? name, kinds[0] ?? 'no such tensor');
    const entry = entries.get(stored);
    const expected = toFileShape(shape);
    if (!fits(expected, entry?.shape ?? [])) fail(`${stored} of shape [${expected}]`, `[${entry?.shape}]`);
    if (!FLOATS.has(entry?.dtype ?? '')) fail(`${stored} as floats`, entry?.dtype ?? 'nothing');
    names.set(name, stored);
  }
  // A whole checkpoint holds other networks too, an autoencoder's own training its loss.
  if (naming.prefix !== '' || naming.style === 'ldm') return names;
  const known = new Set(names.values());
  const extra = [...entries.keys()].filter((name) => !known.has(name));
  if (extra.length > 0)
    fail(`the ${vae.parameters.length} tensors of the network only`, `${extra.length} more, ${extra[0]} first`);
  return names;
}

/** Whether a stored shape is the one expected; latent diffusion's attention has 1×1 convolutions where diffusers has matrices. */
const fits = (expected: readonly number[], stored: readonly number[]): boolean =>
  stored.join() === expected.join() ||
  (expected.length === 2 && stored.length === 4 && stored.join() === [...expected, 1, 1].join());
