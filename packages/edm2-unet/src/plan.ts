import { downsample2d, upsample2d } from '@edm2/mp-layers';
import type { UNetConfig } from './config.js';
import type { BlockPlan } from './network.js';

/** Channels along the way. */
export interface Widths {
  /** Of each level, highest resolution first. */
  readonly levels: readonly number[];
  /** Of the noise features. */
  readonly noise: number;
  /** Of the embedding. */
  readonly emb: number;
}

/** A decoder block, and the channels of the skip that joins its input (0: none). */
export interface DecoderPlan extends BlockPlan {
  readonly skip: number;
}

/** The U-Net's layout: blocks with their names and channels, shared by all configs. */
export interface Plan {
  readonly widths: Widths;
  readonly inputName: string;
  readonly encoder: readonly BlockPlan[];
  readonly decoder: readonly DecoderPlan[];
}

/**
 * Lays out the network. Every encoder entry, the input convolution and the `down` blocks included, leaves a skip; the
 * decoder's `block`s take them in reverse.
 */
export function layOut(config: UNetConfig): Plan {
  const { imgResolution, channelMult, modelChannels, numBlocks, attnResolutions, channelsPerHead } = config;
  const levels = channelMult.map((m) => m * modelChannels);
  const [first, last] = [levels[0] ?? 0, levels.length - 1];
  const sides = levels.map((_, level) => imgResolution / 2 ** level);
  const headsOf = (channels: number): number => {
    const heads = Math.max(1, Math.floor(channels / channelsPerHead));
    if (channels % heads !== 0)
      throw new RangeError(
        `createUNet: expected ${heads} attention heads (channelsPerHead ${channelsPerHead}) to divide the ${channels} channels of a block, got a remainder. Choose a channelsPerHead that divides them.`,
      );
    return heads;
  };

  const plan = (kind: string, level: number, from: number, to: number, attends: boolean): BlockPlan => {
    const side = kind.startsWith('down') || kind.startsWith('enc') ? 'enc' : 'dec';
    const mode = kind === 'down' || kind === 'up' ? kind : 'keep';
    const resolution = sides[level] ?? 0;
    return {
      name: `unet.${side}.${resolution}x${resolution}_${kind.replace(/^(enc|dec)-/, '')}`,
      side,
      from,
      to,
      resolution,
      mode,
      resample: mode === 'down' ? (x) => downsample2d(x) : mode === 'up' ? (x) => upsample2d(x) : (x) => x,
      heads: attends ? headsOf(to) : 0,
    };
  };

  const encoder: BlockPlan[] = [];
  const skips = [first];
  let channels = first;
  levels.forEach((width, level) => {
    if (level > 0) {
      encoder.push(plan('down', level, channels, channels, false));
      skips.push(channels);
    }
    for (let i = 0; i < numBlocks; i++) {
      encoder.push(plan(`enc-block${i}`, level, channels, width, attnResolutions.includes(sides[level] ?? 0)));
      channels = width;
      skips.push(channels);
    }
  });

  const decoder: DecoderPlan[] = [];
  for (let level = last; level >= 0; level--) {
    const width = levels[level] ?? 0;
    if (level === last) {
      decoder.push({ ...plan('dec-in0', level, channels, channels, true), skip: 0 });
      decoder.push({ ...plan('dec-in1', level, channels, channels, false), skip: 0 });
    } else decoder.push({ ...plan('up', level, channels, channels, false), skip: 0 });
    for (let i = 0; i <= numBlocks; i++) {
      const skip = skips.pop() ?? 0;
      const attends = attnResolutions.includes(sides[level] ?? 0);
      decoder.push({ ...plan(`dec-block${i}`, level, channels + skip, width, attends), skip });
      channels = width;
    }
  }
  const inputName = `unet.enc.${imgResolution}x${imgResolution}_conv`;
  return { widths: { levels, noise: first, emb: Math.max(...levels) }, inputName, encoder, decoder };
}
