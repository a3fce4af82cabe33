import { downsample2d, upsample2d } from '@edm2/mp-layers';
import type { UNetConfig } from './config.js';
import type { BlockPlan } from './network.js';

/** The U-Net's layout: blocks with their names and channels, shared by all configs. */
export interface Plan {
  /** Channels of each level, highest resolution first. */
  readonly levels: readonly number[];
  /** Channels of the noise features. */
  readonly noiseChannels: number;
  /** Channels of the embedding. */
  readonly embChannels: number;
  /** Name of the first convolution. */
  readonly inputName: string;
  readonly encoder: readonly BlockPlan[];
  readonly decoder: readonly BlockPlan[];
}

const RESAMPLE: Record<BlockPlan['mode'], BlockPlan['resample']> = {
  keep: (x) => x,
  down: (x) => downsample2d(x),
  up: (x) => upsample2d(x),
};

/**
 * Lays out the network. Every encoder entry, the input convolution and the `down` blocks included, leaves a skip; the
 * decoder's `block`s take them in reverse.
 *
 * @throws {RangeError} when the attention heads do not divide a block's channels.
 */
export function layOut(config: UNetConfig): Plan {
  const { imgResolution, channelMult, modelChannels, numBlocks, attnResolutions, channelsPerHead } = config;
  const { channelMultNoise, channelMultEmb } = config;
  const levels = channelMult.map((m) => m * modelChannels);
  const first = levels[0] ?? 0;
  const skips = [first]; // channels of the skips left so far
  let from = first; // channels of the main path so far

  const block = (side: BlockPlan['side'], level: number, place: string, use: Partial<BlockPlan>): BlockPlan => {
    const resolution = imgResolution / 2 ** level;
    const { mode = 'keep', to = from, skip = 0, heads = 0 } = use;
    const name = `unet.${side}.${resolution}x${resolution}_${place}`;
    const plan = { name, side, from: from + skip, to, skip, resolution, mode, resample: RESAMPLE[mode], heads };
    from = to;
    return plan;
  };
  const headsAt = (level: number, channels: number): number =>
    attnResolutions.includes(imgResolution / 2 ** level) ? headsOf(channels, channelsPerHead) : 0;

  const encoder = levels.flatMap((to, level) => {
    const down = level > 0 ? [block('enc', level, 'down', { mode: 'down' })] : [];
    const blocks = Array.from({ length: numBlocks }, (_, i) =>
      block('enc', level, `block${i}`, { to, heads: headsAt(level, to) }),
    );
    skips.push(...[...down, ...blocks].map((plan) => plan.to));
    return [...down, ...blocks];
  });

  const decoder = levels.toReversed().flatMap((to, above) => {
    const level = levels.length - 1 - above;
    const start =
      above === 0
        ? [block('dec', level, 'in0', { heads: headsOf(from, channelsPerHead) }), block('dec', level, 'in1', {})]
        : [block('dec', level, 'up', { mode: 'up' })];
    const blocks = Array.from({ length: numBlocks + 1 }, (_, i) =>
      block('dec', level, `block${i}`, { to, skip: skips.pop() ?? 0, heads: headsAt(level, to) }),
    );
    return [...start, ...blocks];
  });

  const inputName = `unet.enc.${imgResolution}x${imgResolution}_conv`;
  const noiseChannels = channelMultNoise === undefined ? first : channelMultNoise * modelChannels;
  const embChannels = channelMultEmb === undefined ? Math.max(...levels) : channelMultEmb * modelChannels;
  return { levels, noiseChannels, embChannels, inputName, encoder, decoder };
}

/** One head for each channelsPerHead channels, at least one. */
function headsOf(channels: number, channelsPerHead: number): number {
  const heads = Math.max(1, Math.floor(channels / channelsPerHead));
  if (channels % heads !== 0)
    throw new RangeError(
      `createUNet: expected the ${channels} channels of a block with attention to split into ${heads} heads (channelsPerHead ${channelsPerHead}), got a remainder. Choose a channelsPerHead that divides them.`,
    );
  return heads;
}
