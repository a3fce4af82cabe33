import type { AutoencoderKL } from '@edm2/latent-vae';

/** Whether an autoencoder has the shape of Stable Diffusion's (1 and 2), for which EDM2 published statistics. */
export const isStableDiffusion = ({ config }: AutoencoderKL): boolean =>
  config.latentChannels === 4 && config.blockOutChannels.join() === '128,256,512,512' && config.useQuantConv;
