export { type AutoencoderKL, createAutoencoderKL, type Posterior, type RunOptions } from './autoencoder.js';
export { type AutoencoderLoss, type AutoencoderLossOptions, createAutoencoderLoss } from './autoencoder-loss.js';
export { type AutoencoderTiny, createAutoencoderTiny } from './autoencoder-tiny.js';
export type { AutoencoderConfig, DiffusersConfig } from './config.js';
export { type DecodeTiledOptions, decodeTiled } from './decode-tiled.js';
export { type InBatchesOptions, inBatches } from './in-batches.js';
export { createLatentCodec, type LatentCodec, type LatentCodecOptions } from './latent-codec.js';
export { type LatentDescription, latentMetadata, readLatentMetadata } from './latent-metadata.js';
export {
  createLatentNormalizer,
  type LatentNormalizer,
  type LatentNormalizerOptions,
  type RawStatistics,
  STABLE_DIFFUSION_RAW,
} from './latent-normalizer.js';
export {
  type MeasuredStatistics,
  type MeasureOptions,
  measureRawStatistics,
  type RawBatch,
} from './measure-raw-statistics.js';
export type { OnActivation, Params } from './network.js';
export { splitRawLatents } from './raw-latents.js';
export { createScalingNormalizer } from './scaling-normalizer.js';
export { type DecodeSeamlessOptions, decodeSeamless } from './seamless/decode-seamless.js';
export { type CreateRows, memoryRows, type Rows } from './seamless/rows.js';
export type { StripFunction } from './seamless/strip-functions.js';
export type { TinyConfig } from './tiny-config.js';
