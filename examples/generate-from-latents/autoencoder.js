// Writes a small autoencoder as a diffusers folder: random weights, the same each time. In its place belongs a real one,
// such as a download of stabilityai/sd-vae-ft-mse.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createAutoencoderKL } from '@edm2/latent-vae';
import { createRandom } from '@edm2/random';
import { writeSafetensors } from '@edm2/tensor-files';
import { toStateDict } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs';

const config = {
  _class_name: 'AutoencoderKL',
  block_out_channels: [8, 16],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
  layers_per_block: 1,
  latent_channels: 4,
  norm_num_groups: 4,
};

export async function writeAutoencoder(folder) {
  const { parameters } = createAutoencoderKL(config);
  const random = createRandom(1);
  const params = Object.fromEntries(
    parameters.map(({ name, shape, kind }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      if (kind !== 'weight') return [name, tf.fill(shape, name.endsWith('.weight') ? 1 : 0)];
      const values = random.stream(name).normal(size);
      return [
        name,
        tf.tensor(
          values.map((value) => value / Math.sqrt(size / shape.at(-1))),
          shape,
        ),
      ];
    }),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/config.json`, JSON.stringify(config));
  await writeSafetensors(`${folder}/diffusion_pytorch_model.safetensors`, await toStateDict(parameters, params));
}
