import type { Distribution } from '@edm2/random';
import type { Params, ParameterSpec as TensorSpec } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerRole, Norm, Words } from './words.js';

export type { Params };

/** A parameter: name as in the files (`unet.enc.64x64_conv.weight`), shape, kind, and what it starts from. */
export interface ParameterSpec extends TensorSpec {
  readonly init: Distribution;
  /** Of the learned layer that it belongs to; norms and buffers have none. */
  readonly role?: LayerRole;
}

/** A learned layer: a convolution, or a dense layer when resolution and kernel are 1 and it works on vectors. */
export interface LayerSpec {
  readonly name: string;
  readonly kind: 'conv' | 'dense';
  readonly kernel: number;
  readonly from: number;
  readonly to: number;
  /** Side of the output image; 1 for vectors. */
  readonly resolution: number;
  readonly role: LayerRole;
  readonly bias: boolean;
}

/** Where one block sits and what it maps. */
export interface BlockPlan {
  /** `unet.enc.32x32_down`. */
  readonly name: string;
  readonly side: 'enc' | 'dec';
  /** Channels in, those of the joined skip included. */
  readonly from: number;
  /** Channels out. */
  readonly to: number;
  /** Channels of the skip that joins the input, 0 for none. */
  readonly skip: number;
  /** Side of the output image. */
  readonly resolution: number;
  /** Applied to the block's input image. */
  readonly resample: (x: tf.Tensor4D) => tf.Tensor4D;
  /** Resolution changes before the first convolution. */
  readonly mode: 'keep' | 'down' | 'up';
  /** Number of attention heads, 0 for none. */
  readonly heads: number;
}

/** What one run of the network reads besides its inputs. */
export interface Run {
  readonly params: Params;
  /** Reports the output of a learned layer or block. */
  readonly tap: ((name: string, value: tf.Tensor) => void) | undefined;
  /** Drops activations of the named block; the identity without masks. */
  readonly dropout: (block: string, x: tf.Tensor4D) => tf.Tensor4D;
}

/** A part of the network that keeps the rank of its input. */
export type Part<T extends tf.Tensor> = (run: Run, x: T, modulation?: tf.Tensor) => T;
/** A block: image and embedding in, image out. */
export type Block = (run: Run, x: tf.Tensor4D, emb: tf.Tensor2D) => tf.Tensor4D;
/** Declares a block's parameters and returns what runs it. */
export type BlockFactory = (net: Network, plan: BlockPlan) => Block;

/** What a learned layer has besides its weight. */
export interface LayerOptions {
  /** Default as the vocabulary has it. */
  readonly bias?: boolean;
  /** Name of its learned gain, if the vocabulary has gains. */
  readonly gain?: string;
  /** Default `inner`. */
  readonly role?: LayerRole;
}

/** A network under construction: parts declare their parameters here, in the files' order, and become functions of a {@link Run}. */
export interface Network {
  readonly vocabulary: Words;
  /** Channels of the embedding that the blocks receive. */
  readonly embChannels: number;
  readonly parameters: ParameterSpec[];
  readonly layers: LayerSpec[];
  conv(
    name: string,
    from: number,
    to: number,
    kernel: number,
    resolution: number,
    options?: LayerOptions,
  ): Part<tf.Tensor4D>;
  dense(name: string, from: number, to: number, options?: LayerOptions): Part<tf.Tensor2D>;
  norm(name: string, norm: Norm, channels: number): Part<tf.Tensor4D>;
}

/** Starts a network. */
export function startNetwork(vocabulary: Words, embChannels: number): Network {
  const parameters: ParameterSpec[] = [];
  const layers: LayerSpec[] = [];
  const { layer, init, gains } = vocabulary;

  const declare = (
    place: Omit<LayerSpec, 'role' | 'bias'>,
    shape: readonly number[],
    { bias = vocabulary.bias, gain, role = 'inner' }: LayerOptions = {},
  ) => {
    const { name, from, kernel, to } = place;
    const site = { layer: name, role, fanIn: from * kernel * kernel };
    layers.push({ ...place, role, bias });
    if (gains && gain) parameters.push({ name: gain, shape: [], kind: 'gain', init: { constant: 0 }, role });
    parameters.push({ name: `${name}.weight`, shape, kind: 'weight', init: init(site), role });
    if (bias)
      parameters.push({ name: `${name}.bias`, shape: [to], kind: 'bias', init: init({ ...site, of: 'bias' }), role });
    const use = ({ params }: Run) => ({
      ...(bias && { bias: parameter<tf.Tensor>(params, `${name}.bias`) }),
      ...(gains && gain && { gain: parameter<tf.Tensor>(params, gain) }),
    });
    return <T extends tf.Tensor, W extends tf.Tensor>(
      apply: (x: T, w: W, use: { gain?: tf.Tensor; bias?: tf.Tensor }) => T,
    ): Part<T> =>
      (run, x, modulation) => {
        const w = parameter<W>(run.params, `${name}.weight`);
        // In one product when nobody looks: a pass over the output saved, forward and backward.
        if (modulation && !run.tap && !bias && !(gains && gain)) return apply(x, w, { gain: modulation });
        const y = apply(x, w, use(run));
        run.tap?.(name, y);
        return modulation ? tf.mul<T>(y, modulation) : y;
      };
  };

  return {
    vocabulary,
    embChannels,
    parameters,
    layers,
    conv: (name, from, to, kernel, resolution, options) =>
      declare({ name, kind: 'conv', kernel, from, to, resolution }, [kernel, kernel, from, to], options)(layer.conv),
    dense: (name, from, to, options) =>
      declare({ name, kind: 'dense', kernel: 1, from, to, resolution: 1 }, [from, to], options)(layer.dense),
    norm: (name, norm, channels) => {
      norm.check?.(channels);
      if (!norm.affine) return (_run, x) => norm.apply(x);
      for (const [part, constant] of [
        ['weight', 1],
        ['bias', 0],
      ] as const)
        parameters.push({ name: `${name}.${part}`, shape: [channels], kind: 'norm', init: { constant } });
      return ({ params }, x) =>
        norm.apply(x, { weight: parameter(params, `${name}.weight`), bias: parameter(params, `${name}.bias`) });
    },
  };
}

/** @throws {RangeError} when the record lacks the name. */
export function parameter<T extends tf.Tensor>(params: Params, name: string): T {
  const tensor = params[name];
  if (!tensor)
    throw new RangeError(
      `unet.apply: expected params to hold ${name}, got no such name. Pass the parameters of this very network.`,
    );
  return tensor as T;
}
