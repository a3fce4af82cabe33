/** What is done with an autoencoder. */
export type VaeKind = 'encode' | 'decode';

/** Stable Diffusion's autoencoder, 83.7 M parameters: the part of its `config.json` that describes the network. */
export const STABLE_DIFFUSION = {
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  block_out_channels: [128, 256, 512, 512],
  layers_per_block: 2,
  norm_num_groups: 32,
};

/** One call of it. */
export interface VaeWork {
  readonly kind: VaeKind;
  /** Side of the images in pixels. */
  readonly side: number;
  readonly batch: number;
  /** Decode in strips (`decodeSeamless`) instead of at once. Default false. */
  readonly strips?: boolean;
}
