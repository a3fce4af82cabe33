import { join } from 'node:path';
import { known } from '@edm2/options';
import { makeFolder, removeLeftovers, writeFileAtomic, writeSafetensors } from '@edm2/tensor-files';
import { toFileLayout, toFileShape } from '@edm2/tensor-files/tfjs';
import type * as tf from '@tensorflow/tfjs-core';
import type { AutoencoderKL } from '../autoencoder.js';
import { diffusersConfig } from '../config.js';
import type { Params } from '../network.js';

/** Options of {@link saveAutoencoder}. */
export interface SaveAutoencoderOptions {
  readonly vae: AutoencoderKL;
  /** Tensors of `vae.parameters` by name; further names are left out. */
  readonly params: Params;
  /** Factor of the raw latents in diffusers: 1 over their deviation. Default: diffusers', 0.18215. */
  readonly scalingFactor?: number | undefined;
  /** Side of the images that it was trained on. Default: not said. */
  readonly sampleSize?: number | undefined;
}

/** Of both files. */
const CONFIG = 'config.json';
const WEIGHTS = 'diffusion_pytorch_model.safetensors';

/**
 * Writes an autoencoder as a diffusers folder, `config.json` and float32 weights, which `AutoencoderKL.from_pretrained` of diffusers reads and
 * `loadAutoencoder` here. Each file appears under its name when it is whole, the weights first.
 *
 * @param folder - made where it is not there; files of these names in it are replaced.
 * @throws {RangeError} (rejects) when a parameter is missing or misshapen.
 * @throws {Error} (rejects) of the file system.
 */
export async function saveAutoencoder(folder: string, options: SaveAutoencoderOptions): Promise<void> {
  const names = { vae: true, params: true, scalingFactor: true, sampleSize: true } as const;
  const { vae, params, scalingFactor, sampleSize } = known('saveAutoencoder', options, names);
  const tensors = vae.parameters.map(({ name, shape }) => {
    const tensor = params[name] as tf.Tensor | undefined;
    if (tensor?.shape.join() !== shape.join())
      throw new RangeError(
        `saveAutoencoder: expected params to hold ${name} of shape [${shape}], got ${tensor ? `[${tensor.shape}]` : 'no such name'}. Pass the parameters of this very network.`,
      );
    return {
      name,
      dtype: 'F32' as const,
      shape: toFileShape(shape),
      data: async () => toFileLayout(await tensor.data<'float32'>(), [...shape]),
    };
  });
  await makeFolder(folder);
  await removeLeftovers(folder);
  await writeSafetensors(join(folder, WEIGHTS), tensors, { format: 'pt' });
  const config = {
    ...diffusersConfig(vae.config),
    ...(scalingFactor === undefined ? {} : { scaling_factor: scalingFactor }),
    ...(sampleSize === undefined ? {} : { sample_size: sampleSize }),
  };
  await writeFileAtomic(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
}
