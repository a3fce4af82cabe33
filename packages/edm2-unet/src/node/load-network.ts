import { readSafetensors, type SafetensorsFile } from '@edm2/tensor-files';
import { fromStateDict, type StateDict } from '@edm2/tensor-files/tfjs';
import type { UNetOptions } from '../config.js';
import type { Params } from '../network.js';
import { createUNet, type UNet, type VocabularyOption } from '../unet.js';

/** What {@link loadNetwork} returns. */
export interface LoadedNetwork {
  readonly unet: UNet;
  /** Float32 tensors whatever the file's type; the caller disposes. */
  readonly params: Params;
  /** The file's text fields: config and dtype, and what the writer added. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a network from a file that `saveNetwork` wrote. The file is checked whole, checksum included, before anything is made.
 *
 * @param path - a `.safetensors` file.
 * @param options - the vocabulary, for a network that was made with one of its own.
 * @throws {RangeError} when the file is of another kind, holds no configuration, or its tensors are not the network's.
 * @throws {SafetensorsParseError} when it is damaged or truncated.
 * @throws {Error} of the file system.
 */
export async function loadNetwork(path: string, options: VocabularyOption = {}): Promise<LoadedNetwork> {
  if (/\.(pkl|pt|pth|ckpt)$/i.test(path))
    throw new RangeError(
      `loadNetwork: expected a .safetensors file, got ${path}. Pickled networks cannot be read here: convert it first.`,
    );
  const file = await readSafetensors(path);
  try {
    await file.verify();
    const unet = describe(file, options);
    const dict: StateDict = {};
    for (const name of file.names) if (name.startsWith('unet.')) dict[name] = await file.readFloat32(name);
    return { unet, params: fromStateDict(unet.parameters, dict), metadata: file.metadata };
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${path}: ${error.message}`, { cause: error }) : error;
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

function parseConfig(text: string | undefined): UNetOptions {
  try {
    const config: unknown = JSON.parse(text ?? '');
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as UNetOptions;
  } catch {
    // Said below.
  }
  throw new RangeError(
    `loadNetwork: expected the metadata field config to hold a network's options, got ${text === undefined ? 'none' : JSON.stringify(text.slice(0, 80))}. Was the file written by saveNetwork?`,
  );
}
