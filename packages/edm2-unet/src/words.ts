import type { Distribution } from '@edm2/random';
import type * as tf from '@tensorflow/tfjs-core';

/** The words in which blocks and the U-Net are written: small functions and values. Images are `[N, H, W, C]` float32, vectors `[N, C]`. */
export interface Words {
  /** Applies a stored weight; with weight normalisation or without. */
  readonly layer: LearnedLayer;
  /** Whether layers other than the class embedding have a bias. */
  readonly bias: boolean;
  /** Learned scalar gains, at first 0, on each block's conditioning and on the output. */
  readonly gains: boolean;
  /** Whether a training step starts by overwriting each weight with its normalised self. */
  readonly forcedWeightNorm: boolean;
  /** What each parameter starts from. */
  readonly init: (parameter: InitSite) => Distribution;
  readonly activation: Pointwise;
  /** Joins a main path and a branch; `share` is the branch's, which a plain sum ignores. */
  readonly sum: (main: tf.Tensor, branch: tf.Tensor, share: number) => tf.Tensor;
  /** Joins the main path and a skip on the channel axis. */
  readonly cat: (main: tf.Tensor4D, skip: tf.Tensor4D, share: number) => tf.Tensor4D;
  /** The branches' shares. */
  readonly share: { readonly block: number; readonly attention: number; readonly label: number; readonly skip: number };
  /** Blocks limit their output to ± this, > 0; null does not. */
  readonly clipAct: number | null;
  /** Turns the noise level into features. */
  readonly noiseFeatures: NoiseFeatures;
  /** Number of dense layers on the noise features before the label joins; an activation between them. */
  readonly noiseLayers: 1 | 2;
  /** Factor on the one-hot label. */
  readonly labelScale: (labelDim: number) => number;
  /** Whether a channel of ones joins the input, in place of biases. */
  readonly onesChannel: boolean;
  /** Normalisation before both 3×3 convolutions of an ADM block and before the output. */
  readonly norm: Norm;
  /** Normalisation of the attention's input. */
  readonly attentionNorm: Norm;
  /** Normalisation of queries, keys and values, `[N·heads, C_head, 3, H·W]`. */
  readonly qkvNorm: (qkv: tf.Tensor4D) => tf.Tensor4D;
  /** Whether the embedding also gives each block an offset beside its scale. */
  readonly offset: boolean;
  /** On the last features, before the output convolution and after its norm. */
  readonly outputActivation: Pointwise;
  /** Resolutions with attention when the options name none. */
  readonly attnResolutions: readonly number[];
}

/** A function of each element. */
export type Pointwise = <T extends tf.Tensor>(x: T) => T;

/** What a learned layer is for, where something hangs on it: `last` ends a branch or the network, `label` embeds the class. */
export type LayerRole = 'inner' | 'last' | 'label';

/** Where a parameter sits, for choosing its initial distribution. */
export interface InitSite {
  /** Of the learned layer, without `.weight` or `.bias`: `unet.enc.8x8_block0.conv_res1`. */
  readonly layer: string;
  /** Default `inner`. */
  readonly role?: LayerRole;
  /** Inputs that one output sums. */
  readonly fanIn: number;
  /** Default the weight. */
  readonly of?: 'weight' | 'bias';
}

/** What is done with the product besides. */
export interface LayerUse {
  /** Factor: a number, a scalar tensor, or one that broadcasts to the output with pixel axes 1. */
  readonly gain?: number | tf.Tensor;
  /** `[out]`. */
  readonly bias?: tf.Tensor;
}

/** How stored weights are applied. */
export interface LearnedLayer {
  /** Weights are normalised on use; if not, stored ones carry the 1/√fan_in of their layer. */
  readonly normalizes?: boolean;
  /** `w`: `[kh, kw, in, out]`; stride 1, zero padding. */
  conv(x: tf.Tensor4D, w: tf.Tensor4D, use: LayerUse): tf.Tensor4D;
  /** `w`: `[in, out]`. */
  dense(x: tf.Tensor2D, w: tf.Tensor2D, use: LayerUse): tf.Tensor2D;
}

/** A normalisation of images, with or without learned scale and bias for each channel. */
export interface Norm {
  /** Has parameters `.weight` and `.bias`, both `[C]`. */
  readonly affine: boolean;
  /** Throws a RangeError when it cannot take that many channels. */
  check?(channels: number): void;
  apply(x: tf.Tensor4D, affine?: { readonly weight: tf.Tensor; readonly bias: tf.Tensor }): tf.Tensor4D;
}

/** Features of the noise level. */
export interface NoiseFeatures {
  /** Uses the buffers `.freqs` and `.phases`, `[C]`, drawn once. */
  readonly buffers: boolean;
  /** Throws a RangeError when it cannot make that many. */
  check?(channels: number): void;
  /** `cNoise`: `[N]` → `[N, channels]`. */
  apply(
    cNoise: tf.Tensor,
    channels: number,
    buffers?: { readonly freqs: tf.Tensor; readonly phases: tf.Tensor },
  ): tf.Tensor2D;
}
