import { known } from '@edm2/options';
import { readSafetensors, type SafetensorsFile } from '@edm2/tensor-files';
import { fromStateDict, type StateDict } from '@edm2/tensor-files/tfjs';
import type { UNetOptions } from '../config.js';
import type { Params } from '../network.js';
import { createUNet, type UNet, type VocabularyOption } from '../unet.js';
import { openSnapshot } from './snapshot.js';

/** What {@link loadNetwork} returns. */
export interface LoadedNetwork {
  readonly unet: UNet;
  /** Float32 tensors whatever the file's type; the caller disposes. */
  readonly params: Params;
  /** What `precondition(unet, { sigmaData })` needs; 0.5, EDM2's, where an older file does not say. */
  readonly sigmaData: number;
  /** The file's text fields: config and dtype, and what the writer added. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a network from a file that `saveNetwork` wrote, checked whole, checksum included, before anything is made; or from a network
 * snapshot of NVIDIA's EDM2 (`.pkl`), of which nothing is executed.
 *
 * @param path - a `.safetensors` or `.pkl` file.
 * @param options - the vocabulary, for a network that was made with one of its own.
 * @throws {RangeError} when the file is of another kind, holds no configuration, or its tensors are not the network's.
 * @throws {SafetensorsParseError | PickleParseError} when it is damaged or truncated, or a pickle that asks for what it does not need.
 * @throws {Error} of the file system.
 */
export async function loadNetwork(path: string, options: VocabularyOption = {}): Promise<LoadedNetwork> {
  known('loadNetwork', options, { vocabulary: true });
  if (/\.(pt|pth|ckpt)$/i.test(path))
    throw new RangeError(
      `loadNetwork: expected a .safetensors file or a .pkl snapshot, got ${path}. Checkpoints hold no configuration: save the network as safetensors.`,
    );
  if (/\.pkl$/i.test(path)) return loadSnapshot(path);
  const file = await readSafetensors(path);
  try {
    await file.verify();
    const unet = describe(file, options);
    const sigmaData = parseSigmaData(file.metadata);
    const dict: StateDict = {};
    for (const name of file.names) if (name.startsWith('unet.')) dict[name] = await file.readFloat32(name);
    return { unet, params: fromStateDict(unet.parameters, dict), sigmaData, metadata: file.metadata };
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`, { cause: error }) : error;
  } finally {
    await file.close();
  }
}

async function loadSnapshot(path: string): Promise<LoadedNetwork> {
  const file = await openSnapshot(path);
  try {
    const { unet, tensors, sigmaData, metadata } = file;
    const dict: StateDict = {};
    for (const { name } of unet.parameters) {
      const tensor = tensors.get(name);
      if (tensor) dict[name] = { shape: [...tensor.shape], data: await tensor.readFloat32() };
    }
    return { unet, params: fromStateDict(unet.parameters, dict), sigmaData, metadata };
  } finally {
    await file.close();
  }
}

/** The network that the metadata speaks of. */
function describe({ metadata }: SafetensorsFile, options: VocabularyOption): UNet {
  if (metadata['vocabulary'] === 'custom' && !options.vocabulary)
    throw new RangeError(
      'loadNetwork: expected the vocabulary that this network was made with, got none. Pass it: { vocabulary }.',
    );
  return createUNet(parseConfig(metadata['config']), options);
}

function parseSigmaData({ sigmaData = '0.5' }: Readonly<Record<string, string>>): number {
  const value = Number(sigmaData);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(
    `loadNetwork: expected the metadata field sigmaData to be a number above 0, got ${JSON.stringify(sigmaData.slice(0, 80))}. Is it a network snapshot?`,
  );
}

function parseConfig(text: string | undefined): UNetOptions {
  try {
    const config: unknown = JSON.parse(text ?? '');
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as UNetOptions;
  } catch {
    // Said below.
  }
  throw new RangeError(
    `loadNetwork: expected the metadata field config to hold a network's options, got ${text === undefined ? 'none' : JSON.stringify(text.slice(0, 80))}. Is it a network snapshot?`,
  );
}
