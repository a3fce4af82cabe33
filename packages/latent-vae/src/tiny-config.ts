import type { DiffusersConfig } from './config.js';
import { MAX_LAYERS, readConfig } from './config-reader.js';

/** What a tiny autoencoder is made from. */
export interface TinyConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly latentChannels: number;
  /** Width of every level. */
  readonly width: number;
  /** Blocks of each level, that of full resolution first; the encoder's and the decoder's have as many levels. */
  readonly encoderBlocks: readonly number[];
  /** That of full resolution last. */
  readonly decoderBlocks: readonly number[];
}

const KEYS = [
  ...['in_channels', 'out_channels', 'latent_channels', 'encoder_block_out_channels', 'decoder_block_out_channels'],
  ...['block_out_channels', 'act_fn', 'upsample_fn', 'upsampling_scaling_factor'],
  ...['num_encoder_blocks', 'num_decoder_blocks', 'latent_magnitude', 'latent_shift'],
  ...['force_upcast', 'scaling_factor', 'shift_factor', 'sample_size'],
];
/** diffusers' defaults: TAESD's. */
const WIDTHS = [64, 64, 64, 64];
const [ENCODER_BLOCKS, DECODER_BLOCKS] = [
  [1, 3, 3, 3],
  [3, 3, 3, 1],
];

/** Reads a diffusers configuration, with diffusers' defaults for what is not said. @throws {RangeError} naming the key. */
export function resolveTinyConfig(options: DiffusersConfig): TinyConfig {
  const read = readConfig('createAutoencoderTiny', options, { className: 'AutoencoderTiny', keys: KEYS });
  read.only('act_fn', ['relu']);
  read.only('upsample_fn', ['nearest']);
  read.only('upsampling_scaling_factor', [2]);
  const encoder = read.counts('encoder_block_out_channels', WIDTHS);
  const decoder = read.counts('decoder_block_out_channels', WIDTHS);
  const encoderBlocks = read.counts('num_encoder_blocks', ENCODER_BLOCKS, MAX_LAYERS);
  const decoderBlocks = read.counts('num_decoder_blocks', DECODER_BLOCKS, MAX_LAYERS);
  const [width = 0] = encoder;
  if ([...encoder, ...decoder].some((each) => each !== width))
    read.fail('encoder_block_out_channels', 'one width, that of decoder_block_out_channels too', encoder);
  const levels = encoder.length;
  if ([decoder, encoderBlocks, decoderBlocks].some((list) => list.length !== levels))
    read.fail('num_encoder_blocks', `${levels} numbers, as many as every other list`, encoderBlocks);
  return {
    inChannels: read.count('in_channels', 3),
    outChannels: read.count('out_channels', 3),
    latentChannels: read.count('latent_channels', 4),
    width,
    encoderBlocks,
    decoderBlocks,
  };
}
