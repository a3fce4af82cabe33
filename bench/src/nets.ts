import { presets, type UNetOptions } from '@edm2/edm2-unet';

/** A network and the batch it is timed at. */
export interface Work {
  readonly title: string;
  readonly net: UNetOptions;
  readonly batch: number;
}

const { unet: mnist, batch: mnistBatch } = presets.mnist;

/** The main job's network, as `npm start` trains it. */
export const MAIN: Work = { title: 'main job’s net, 16×16', net: mnist, batch: mnistBatch };

/** So small that what counts is the cost of a call. */
export const TINY: Work = {
  title: 'tiny net, 8 channels, 8×8',
  net: {
    imgResolution: 8,
    imgChannels: 3,
    labelDim: 4,
    modelChannels: 8,
    channelMult: [1, 2],
    numBlocks: 1,
    attnResolutions: [4],
    channelsPerHead: 8,
  },
  batch: 2,
};

/** 16.6 M parameters: what counts is the arithmetic. */
export const LARGE: Work = {
  title: '16.6 M net, 64 channels, 32×32',
  net: {
    imgResolution: 32,
    imgChannels: 4,
    labelDim: 10,
    modelChannels: 64,
    channelMult: [1, 2, 3, 4],
    numBlocks: 1,
    attnResolutions: [16, 8],
    channelsPerHead: 64,
  },
  batch: 4,
};

/** 124.7 M parameters, ImageNet-64's smallest: what counts is whether it fits. */
export const XS: Work = { title: 'img64-xs, 124.7 M', net: presets['img64-xs'].unet, batch: 1 };

/** 100.7 M parameters: what counts is how fast files are read and summed. */
export const HUNDRED: Work = {
  title: '100 M net',
  net: { ...presets['img64-xs'].unet, modelChannels: 115, channelsPerHead: 115 },
  batch: 1,
};

/** Option names as PyTorch's side and the golden files' metadata spell them. It knows config G without dropout, nothing else. */
export function toPython({ config = 'G', dropout = 0, ...net }: UNetOptions): Record<string, unknown> {
  if (config !== 'G' || dropout !== 0)
    throw new RangeError(`toPython: expected config G without dropout, got ${config} with ${dropout}. Leave them out.`);
  return Object.fromEntries(
    Object.entries(net).map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
