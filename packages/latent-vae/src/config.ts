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

/** Widest layer believed: a hundred times what published autoencoders have; more is a damaged file. */
const MAX_CHANNELS = 1 << 16;
/** Most levels: 16 halvings are more than any image has. */
const MAX_LEVELS = 16;
/** Most residual blocks of a level: published autoencoders have 2. */
const MAX_LAYERS = 64;

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
const KNOWN = new Set([...NETWORK, ...USE]);

/**
 * Reads a diffusers configuration, with diffusers' defaults for what is not said.
 *
 * @throws {RangeError} naming the key that is missing, of the wrong kind or asks for something that is not built.
 */
export function resolveConfig(options: DiffusersConfig): AutoencoderConfig {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    fail('the configuration', 'an object', options);
  only(options, '_class_name', [CLASS]);
  // Names that begin so are the library's notes.
  const unknown = Object.keys(options).find((key) => !KNOWN.has(key) && !key.startsWith('_'));
  if (unknown !== undefined) failUnknown(unknown);
  only(options, 'act_fn', ['silu', 'swish']);
  const widths = options['block_out_channels'];
  if (!Array.isArray(widths) || widths.length === 0 || widths.length > MAX_LEVELS)
    fail('block_out_channels', `a list of 1 to ${MAX_LEVELS} widths`, widths);
  const blockOutChannels = (widths as unknown[]).map((width) => count('block_out_channels', width, MAX_CHANNELS));
  blocks(options, 'down_block_types', DOWN, blockOutChannels.length);
  blocks(options, 'up_block_types', UP, blockOutChannels.length);
  const normNumGroups = count('norm_num_groups', options['norm_num_groups'] ?? 32, MAX_CHANNELS);
  const uneven = blockOutChannels.find((width) => width % normNumGroups !== 0);
  if (uneven !== undefined) fail('norm_num_groups', 'a divisor of every width of block_out_channels', normNumGroups);
  return {
    inChannels: count('in_channels', options['in_channels'] ?? 3, MAX_CHANNELS),
    outChannels: count('out_channels', options['out_channels'] ?? 3, MAX_CHANNELS),
    latentChannels: count('latent_channels', options['latent_channels'] ?? 4, MAX_CHANNELS),
    blockOutChannels,
    layersPerBlock: count('layers_per_block', options['layers_per_block'] ?? 1, MAX_LAYERS),
    normNumGroups,
    midBlockAddAttention: flag(options, 'mid_block_add_attention'),
    useQuantConv: flag(options, 'use_quant_conv'),
    usePostQuantConv: flag(options, 'use_post_quant_conv'),
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

function count(key: string, value: unknown, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most)
    fail(key, `whole numbers of 1 to ${most}`, value);
  return value as number;
}

function flag(options: DiffusersConfig, key: string): boolean {
  const value = options[key] ?? true;
  if (typeof value !== 'boolean') fail(key, 'true or false', value);
  return value as boolean;
}

function only(options: DiffusersConfig, key: string, known: readonly string[]): void {
  const value = options[key] ?? known[0];
  if (!known.includes(value as string)) fail(key, known.join(' or '), value);
}

function blocks(options: DiffusersConfig, key: string, kind: string, levels: number): void {
  const value = options[key] ?? Array.from({ length: levels }, () => kind);
  if (!Array.isArray(value) || value.length !== levels || value.some((name) => name !== kind))
    fail(key, `${levels} times ${kind}, one for each of block_out_channels`, value);
}

function failUnknown(key: string): never {
  throw new RangeError(
    `createAutoencoderKL: expected keys of an AutoencoderKL (${[...KNOWN].join(', ')}), got ${key}. Correct it; leave it out if it does not change the network.`,
  );
}

function fail(key: string, expected: string, actual: unknown): never {
  throw new RangeError(
    `createAutoencoderKL: expected ${key} to be ${expected}, got ${JSON.stringify(actual)?.slice(0, 120)}. Pass the config.json of an AutoencoderKL.`,
  );
}
