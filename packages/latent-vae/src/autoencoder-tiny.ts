import { known } from '@edm2/options';
import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { RunOptions } from './autoencoder.js';
import { checkImages } from './check-images.js';
import type { DiffusersConfig } from './config.js';
import { type Network, type Params, type Part, type Run, startNetwork } from './network.js';
import { resolveTinyConfig, type TinyConfig } from './tiny-config.js';

/** A tiny autoencoder (diffusers' AutoencoderTiny, TAESD) as a description: data and pure functions, no weights, no posterior. */
export interface AutoencoderTiny {
  readonly config: TinyConfig;
  /** Every parameter; names as diffusers writes them, shapes TensorFlow.js's. */
  readonly parameters: readonly ParameterSpec[];
  /** Pixels of an image for one of a latent, along a side: 8 for TAESD. */
  readonly factor: number;
  /**
   * @param params - tensors of `parameters` by name; further names are ignored. Only the encoder's are read.
   * @param images - `[N, H, W, inChannels]`, −1 … 1, sides multiples of `factor`.
   * @returns new tensor `[N, H/factor, W/factor, latentChannels]`: scaled latents, as diffusion models of the large autoencoder see them.
   * @throws {RangeError} when a parameter is missing or misshapen, or the images are misshapen.
   */
  encode(params: Params, images: tf.Tensor4D, options?: RunOptions): tf.Tensor4D;
  /**
   * @param params - tensors of `parameters` by name; further names are ignored. Only the decoder's are read.
   * @param latents - `[N, h, w, latentChannels]`, scaled.
   * @returns new tensor `[N, h·factor, w·factor, outChannels]`, about −1 … 1, not clamped.
   * @throws {RangeError} when a parameter is missing or misshapen, or the latents are misshapen.
   */
  decode(params: Params, latents: tf.Tensor4D, options?: RunOptions): tf.Tensor4D;
}

/** Latents beyond are bent back to it, softly. */
const LIMIT = 3;

/**
 * Describes an autoencoder of diffusers' class AutoencoderTiny: a distilled stand-in for a large one, whose latents it shares, for previews.
 * Nothing is allocated.
 *
 * @param config - the parsed `config.json`; keys that do not describe the network are ignored.
 * @throws {RangeError} when a key is of the wrong kind, or asks for anything but an AutoencoderTiny.
 */
export function createAutoencoderTiny(config: DiffusersConfig): AutoencoderTiny {
  const resolved = resolveTinyConfig(config);
  const { inChannels, latentChannels } = resolved;
  const factor = 2 ** (resolved.encoderBlocks.length - 1);
  // No norms.
  const net = startNetwork(1);
  const encoder = encoderOf(net, resolved);
  const decoder = decoderOf(net, resolved);
  return {
    config: resolved,
    parameters: net.parameters,
    factor,
    encode(params, images, options = {}) {
      const { onActivation } = known('encode', options, { onActivation: true });
      checkImages('encode', 'images', images, inChannels, factor);
      return tf.tidy(() => encoder({ params, tap: onActivation }, tf.div(tf.add<tf.Tensor4D>(images, 1), 2)));
    },
    decode(params, latents, options = {}) {
      const { onActivation } = known('decode', options, { onActivation: true });
      checkImages('decode', 'latents', latents, latentChannels, 1);
      return tf.tidy(() => {
        const bent = tf.mul<tf.Tensor4D>(tf.tanh(tf.div(latents, LIMIT)), LIMIT);
        return tf.sub(tf.mul<tf.Tensor4D>(decoder({ params, tap: onActivation }, bent), 2), 1);
      });
    },
  };
}

/** Layers of a network in a row: diffusers counts them all, those without parameters too. */
interface Layers {
  add(layer: (name: string) => Part): void;
  /** Counts a layer that has no parameters, and runs it. */
  addPlain(layer: (x: tf.Tensor4D) => tf.Tensor4D): void;
  run(run: Run, x: tf.Tensor4D): tf.Tensor4D;
}

function startLayers(name: string): Layers {
  const layers: Part[] = [];
  return {
    add: (layer) => void layers.push(layer(`${name}.layers.${layers.length}`)),
    addPlain: (layer) => void layers.push((_run, x) => layer(x)),
    run: (run, x) => layers.reduce((y, layer) => layer(run, y), x),
  };
}

/** Three 3×3 convolutions with ReLU between them, plus the input, and ReLU. */
function block(net: Network, name: string, width: number): Part {
  const convs = [0, 2, 4].map((at) => net.conv(`${name}.conv.${at}`, width, width, 3));
  return net.named(name, (run, x) => {
    const y = convs.reduce((z, conv, i) => conv(run, i > 0 ? tf.relu(z) : z), x);
    return tf.relu(tf.add<tf.Tensor4D>(y, x));
  });
}

function encoderOf(net: Network, { width, inChannels, latentChannels, encoderBlocks }: TinyConfig): Part {
  const layers = startLayers('encoder');
  for (const [level, blocks] of encoderBlocks.entries()) {
    layers.add((name) => (level === 0 ? net.conv(name, inChannels, width, 3) : net.halvingConv(name, width, width)));
    for (let i = 0; i < blocks; i++) layers.add((name) => block(net, name, width));
  }
  layers.add((name) => net.conv(name, width, latentChannels, 3));
  return layers.run;
}

function decoderOf(net: Network, { width, outChannels, latentChannels, decoderBlocks }: TinyConfig): Part {
  const layers = startLayers('decoder');
  layers.add((name) => net.conv(name, latentChannels, width, 3));
  layers.addPlain((x) => tf.relu(x));
  for (const [level, blocks] of decoderBlocks.entries()) {
    for (let i = 0; i < blocks; i++) layers.add((name) => block(net, name, width));
    if (level === decoderBlocks.length - 1) break;
    // The upsampling is a layer of diffusers'; here it is one with the convolution.
    layers.addPlain((x) => x);
    layers.add((name) => net.doublingConv(name, width, width, false));
  }
  layers.add((name) => net.conv(name, width, outChannels, 3));
  return layers.run;
}
