import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSafetensors, type SafetensorsFile } from '@edm2/tensor-files';
import { fromStateDict, type ParameterSpec, toFileShape } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { type AutoencoderKL, createAutoencoderKL } from '../autoencoder.js';
import type { DiffusersConfig } from '../config.js';
import type { Params } from '../network.js';
import { weightsFile } from './weights-file.js';

/** What {@link loadAutoencoder} returns. */
export interface LoadedAutoencoder {
  readonly vae: AutoencoderKL;
  /** Float32 tensors whatever the file's type; the caller disposes. */
  readonly params: Params;
}

/** Larger than any configuration: published ones have less than a kilobyte. */
const MAX_CONFIG_BYTES = 1 << 20;

/** Types that weights may have. */
const FLOATS = new Set<string>(['F32', 'F16', 'BF16', 'F64']);

/** What diffusers called the layers of attention before version 0.15; published autoencoders still do. */
const OLD_NAMES: readonly (readonly [string, string])[] = [
  ['.to_q.', '.query.'],
  ['.to_k.', '.key.'],
  ['.to_v.', '.value.'],
  ['.to_out.0.', '.proj_attn.'],
];

/**
 * Reads an autoencoder from a diffusers folder: `config.json` and safetensors, float32 or half, new or old names of the
 * attention layers. Names and shapes are checked whole before any tensor is made; one tensor at a time is read.
 *
 * @param directory - such as a download of `stabilityai/sd-vae-ft-mse`.
 * @throws {RangeError} when the configuration is not an AutoencoderKL's, or a tensor is missing, extra or misshapen.
 * @throws {SafetensorsParseError} when the file is damaged or truncated.
 * @throws {Error} of the file system.
 */
export async function loadAutoencoder(directory: string): Promise<LoadedAutoencoder> {
  const configPath = join(directory, 'config.json');
  const vae = await readConfig(configPath);
  const path = await weightsFile(directory, 'loadAutoencoder');
  const file = await readSafetensors(path);
  const params: Params = {};
  try {
    await file.verify();
    const names = storedNames(file, vae.parameters, path);
    for (const spec of vae.parameters)
      Object.assign(
        params,
        fromStateDict([spec], { [spec.name]: await file.readFloat32(names.get(spec.name) ?? spec.name) }),
      );
    return { vae, params };
  } catch (error) {
    tf.dispose(params);
    throw error;
  } finally {
    await file.close();
  }
}

async function readConfig(path: string): Promise<AutoencoderKL> {
  const { size } = await stat(path);
  if (size > MAX_CONFIG_BYTES)
    throw new RangeError(
      `loadAutoencoder: expected ${path} of at most ${MAX_CONFIG_BYTES} bytes, got ${size}. Is it a config.json?`,
    );
  const text = await readFile(path, 'utf8');
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new RangeError(
      `loadAutoencoder: expected ${path} to hold JSON, got ${JSON.stringify(text.slice(0, 40))}. Download it again.`,
      {
        cause,
      },
    );
  }
  try {
    return createAutoencoderKL(config as DiffusersConfig);
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}

/** Where the file has each parameter; everything checked. */
function storedNames(file: SafetensorsFile, parameters: readonly ParameterSpec[], path: string): Map<string, string> {
  const fail = (expected: string, got: string): never => {
    throw new RangeError(
      `loadAutoencoder: expected ${basename(path)} to hold ${expected}, got ${got}. Check that it belongs to the config.json beside it (${path}).`,
    );
  };
  const names = new Map<string, string>();
  for (const { name, shape } of parameters) {
    const old = OLD_NAMES.reduce((text, [now, before]) => text.replace(now, before), name);
    const stored = [name, old].find((candidate) => file.has(candidate));
    if (stored === undefined) return fail(name, 'no such tensor');
    const entry = file.entries.get(stored);
    const expected = toFileShape(shape);
    if (entry?.shape.join() !== expected.join()) fail(`${stored} of shape [${expected}]`, `[${entry?.shape}]`);
    if (!FLOATS.has(entry?.dtype ?? '')) fail(`${stored} as floats`, entry?.dtype ?? 'nothing');
    names.set(name, stored);
  }
  const known = new Set(names.values());
  const extra = file.names.filter((name) => !known.has(name));
  if (extra.length > 0)
    fail(`the ${parameters.length} tensors of the network only`, `${extra.length} more, ${extra[0]} first`);
  return names;
}
