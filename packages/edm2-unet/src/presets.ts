import type { UNetOptions } from './config.js';

/** What a run needs to know: the network and the constants of its training. Plain data. */
export interface Preset {
  /** Options of `createUNet`. imgChannels and labelDim are the data's: 4 or 3 channels and 1000 classes here, replace them for other data. */
  readonly unet: UNetOptions;
  /** Reference rate α_ref, which ramp-up and decay start from. */
  readonly referenceRate: number;
  /** @deprecated `referenceRate`. Goes with 1.0. */
  readonly learningRate: number;
  /** When its decay starts, t_ref, in batches. */
  readonly decayBatches: number;
  /** Rise of the learning rate at the start, in millions of images. */
  readonly rampupMimg: number;
  /** Images of one step. */
  readonly batch: number;
  /** Length of the training, in images. */
  readonly durationImages: number;
  /** Of ln σ in training. */
  readonly pMean: number;
  readonly pStd: number;
  /** Probability of each augmentation of which the network is told. Default 0. */
  readonly augment?: number;
}

/** Names of {@link presets}. */
export type PresetName =
  | `img512-${'xxs' | 'xs' | 's' | 'm' | 'l' | 'xl' | 'xxl'}`
  | `img64-${'xs' | 's' | 'm' | 'l' | 'xl'}`
  | 'mnist'
  | 'cifar10'
  | `small-${500 | 2000 | 4000}`;

const MI = 2 ** 20;

/** `[channels, α_ref, dropout, duration in Mi images]` */
type Row = readonly [channels: number, referenceRate: number, dropout: number, durationMi: number];

const preset = (of: Omit<Preset, 'learningRate'>): Preset => ({ ...of, learningRate: of.referenceRate });

const latent = ([modelChannels, referenceRate, dropout, duration]: Row): Preset =>
  preset({
    unet: { config: 'G', imgResolution: 64, imgChannels: 4, labelDim: 1000, modelChannels, dropout },
    referenceRate,
    decayBatches: 70000,
    rampupMimg: 10,
    batch: 2048,
    durationImages: duration * MI,
    pMean: -0.4,
    pStd: 1.0,
  });

const rgb = (row: Row): Preset => {
  const base = latent(row);
  return { ...base, unet: { ...base.unet, imgChannels: 3 }, decayBatches: 35000, pMean: -0.8, pStd: 1.6 };
};

/**
 * Ours, not the paper's: the main job's handwritten digits, averaged to 14×14 and padded to 16×16. A larger net or picture does not fit the
 * main job's time. Batches of 16, because so early in a run the number of steps counts: after 66,000 images 95 % of unguided digits are
 * read as asked for, in batches of 32 91 %.
 */
const MNIST = preset({
  unet: {
    config: 'G',
    imgResolution: 16,
    imgChannels: 1,
    labelDim: 10,
    modelChannels: 32,
    channelMult: [1, 2],
    numBlocks: 1,
    attnResolutions: [8],
    channelsPerHead: 64,
    dropout: 0,
  },
  referenceRate: 0.012,
  decayBatches: 2000,
  rampupMimg: 0.01,
  batch: 16,
  durationImages: 60000,
  pMean: -0.8,
  pStd: 1.4,
});

/** Every image is seen so often: after as many passes the loss of held-out images was still falling (docs/guide/small-data.md). */
const PASSES = 120;

/** A small network for so many images, one level higher than the one that was measured on 16×16 digits. */
const few = (images: number): Preset => {
  const { unet, ...rest } = MNIST;
  return {
    ...rest,
    unet: { ...unet, imgResolution: 32, imgChannels: 3, labelDim: 0, modelChannels: 16, channelMult: [1, 2, 2] },
    decayBatches: 500,
    durationImages: PASSES * images,
  };
};

/**
 * Networks with their training constants, by name: the paper's for ImageNet-512 (64×64×4 latents) and ImageNet-64 (RGB), and
 * small ones for real data that trains on a desk.
 *
 * @see Karras et al. 2024, Table 6.
 */
export const presets: Readonly<Record<PresetName, Preset>> = {
  'img512-xxs': latent([64, 0.017, 0, 2048]),
  'img512-xs': latent([128, 0.012, 0, 2048]),
  'img512-s': latent([192, 0.01, 0, 2048]),
  'img512-m': latent([256, 0.009, 0.1, 2048]),
  'img512-l': latent([320, 0.008, 0.1, 1792]),
  'img512-xl': latent([384, 0.007, 0.1, 1280]),
  'img512-xxl': latent([448, 0.0065, 0.1, 896]),
  'img64-xs': rgb([128, 0.012, 0, 1024]),
  'img64-s': rgb([192, 0.01, 0, 1024]),
  'img64-m': rgb([256, 0.009, 0.1, 2048]),
  'img64-l': rgb([320, 0.008, 0.1, 1024]),
  'img64-xl': rgb([384, 0.007, 0.1, 640]),
  mnist: MNIST,
  /** Ours, not the paper's: CIFAR-10 at 32×32, RGB. */
  cifar10: preset({
    unet: {
      config: 'G',
      imgResolution: 32,
      imgChannels: 3,
      labelDim: 10,
      modelChannels: 64,
      channelMult: [1, 2, 2],
      numBlocks: 2,
      attnResolutions: [16, 8],
      channelsPerHead: 64,
      dropout: 0.13,
    },
    referenceRate: 0.01,
    decayBatches: 10000,
    rampupMimg: 1,
    batch: 256,
    durationImages: 50 * MI,
    pMean: -0.8,
    pStd: 1.4,
  }),
  /** Ours, not the paper's: a few hundred to a few thousand images of one's own; docs/guide/small-data.md has the runs that they come from. */
  'small-500': few(500),
  'small-2000': few(2000),
  'small-4000': few(4000),
};
