import { MAX_LAYERS, readConfig } from './config-reader.js';

/** What an autoencoder is made from, as read from a diffusers `config.json`. */
export interface AutoencoderConfig {
  /** Channels of the images that are encoded. */
  readonly inChannels: number;
  /** Channels of the images that are decoded. */
  readonly outChannels: number;
  /** Channels of the latents. */
  readonly latentChannels: number;
  /** Width of each level, the first at full resolution; each further level halves the sides. */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of an encoder level; the decoder's have one more. */
  readonly layersPerBlock: number;
  /** Groups of every group norm; divides every width. */
  readonly normNumGroups: number;
  /** Whether the middle attends. */
  readonly midBlockAddAttention: boolean;
  /** Whether a 1×1 convolution follows the encoder. */
  readonly useQuantConv: boolean;
  /** Whether a 1×1 convolution precedes the decoder. */
  readonly usePostQuantConv: boolean;
}

/** A parsed diffusers `config.json`, in its own spelling, since it is a foreign file's contents. Keys that do not describe the network (scaling_factor, sample_size, …) are ignored, unknown ones refused. */
export type DiffusersConfig = Readonly<Record<string, unknown>>;

/** diffusers' names of the network and its blocks. */
const CLASS = 'AutoencoderKL';
const DOWN = 'DownEncoderBlock2D';
const UP = 'UpDecoderBlock2D';

/** Keys that describe the network. */
const NETWORK = [
  ...['act_fn', 'block_out_channels', 'down_block_types', 'in_channels', 'latent_channels', 'layers_per_block'],
  ...['mid_block_add_attention', 'norm_num_groups', 'out_channels', 'up_block_types'],
  ...['use_post_quant_conv', 'use_quant_conv'],
];
/** Keys that say how diffusers uses it. */
const USE = [...['force_upcast', 'latents_mean', 'latents_std', 'sample_size', 'scaling_factor', 'shift_factor']];

/**
 * Reads a diffusers configuration, with diffusers' defaults for what is not said.
 *
 * @throws {RangeError} naming the key that is missing, of the wrong kind or asks for something that is not built.
 */
export function resolveConfig(options: DiffusersConfig): AutoencoderConfig {
  const read = readConfig('createAutoencoderKL', options, { className: CLASS, keys: [...NETWORK, ...USE] });
  read.only('act_fn', ['silu', 'swish']);
  const blockOutChannels = read.counts('block_out_channels', undefined);
  read.repeated('down_block_types', DOWN, blockOutChannels.length);
  read.repeated('up_block_types', UP, blockOutChannels.length);
  const normNumGroups = read.count('norm_num_groups', 32);
  if (blockOutChannels.some((width) => width % normNumGroups !== 0))
    read.fail('norm_num_groups', 'a divisor of every width of block_out_channels', normNumGroups);
  return {
    inChannels: read.count('in_channels', 3),
    outChannels: read.count('out_channels', 3),
    latentChannels: read.count('latent_channels', 4),
    blockOutChannels,
    layersPerBlock: read.count('layers_per_block', 1, MAX_LAYERS),
    normNumGroups,
    midBlockAddAttention: read.flag('mid_block_add_attention'),
    useQuantConv: read.flag('use_quant_conv'),
    usePostQuantConv: read.flag('use_post_quant_conv'),
  };
}

/** The `config.json` of an autoencoder: inverse of {@link resolveConfig}. */
export const diffusersConfig = (config: AutoencoderConfig): DiffusersConfig => ({
  _class_name: CLASS,
  act_fn: 'silu',
  block_out_channels: config.blockOutChannels,
  down_block_types: config.blockOutChannels.map(() => DOWN),
  in_channels: config.inChannels,
  latent_channels: config.latentChannels,
  layers_per_block: config.layersPerBlock,
  mid_block_add_attention: config.midBlockAddAttention,
  norm_num_groups: config.normNumGroups,
  out_channels: config.outChannels,
  up_block_types: config.blockOutChannels.map(() => UP),
  use_post_quant_conv: config.usePostQuantConv,
  use_quant_conv: config.useQuantConv,
});
