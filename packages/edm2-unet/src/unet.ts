import { kindOf, known, type OptionNames } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import { balanced } from './balances.js';
import { resolveConfig, type UNetConfig, type UNetOptions } from './config.js';
import { type Conditions, embedding } from './embedding.js';
import { withGain } from './initializers.js';
import { ladder } from './ladder.js';
import { type LayerSpec, type ParameterSpec, type Params, type Run, startNetwork } from './network.js';
import { layOut, type Plan } from './plan.js';
import { SWITCH_NAMES, switched } from './switches.js';
import type { Vocabulary } from './vocabulary.js';

/** Masks for dropout: `[N, H, W, C]`, 0 where dropped and `1/(1 − p)` elsewhere; by block name. See `UNet.dropoutShapes`. */
export type DropoutMask = Readonly<Record<string, tf.Tensor>> | ((block: string) => tf.Tensor | undefined);

/** Makes of a function one that a gradient runs again instead of keeping what it computed: tfjs-jit's `checkpoint`. */
export type Checkpoint = <Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
) => (...args: Args) => Result;

/** Options of `UNet.apply`. */
export interface ApplyOptions {
  /** Without it nothing is dropped, as in sampling. */
  readonly dropoutMask?: DropoutMask | undefined;
  /**
   * Called with the output of every learned layer (`unet.enc.8x8_block0.conv_res0`: after its bias or gain, before anything
   * else) and of every block (`unet.enc.8x8_block0`). The tensors are disposed after the run: clone or read what is to stay.
   */
  readonly onActivation?: ((name: string, value: tf.Tensor) => void) | undefined;
  /**
   * `[N, augmentDim]`, how each image was augmented; a row of zeros for one that is as it was. Left out, as in sampling: all zeros. For
   * networks with `augmentDim`.
   */
  readonly augmentLabels?: tf.Tensor | undefined;
  /** Applied to every block: a gradient then keeps what goes in and out of blocks, and little else. Not with `onActivation`. */
  readonly checkpoint?: Checkpoint | undefined;
}

/** A network as a description: data and pure functions, no weights. */
export interface UNet {
  readonly config: UNetConfig;
  /** Every parameter in a fixed order. */
  readonly parameters: readonly ParameterSpec[];
  /** What the network is written in. */
  readonly vocabulary: Vocabulary;
  /** Whether the vocabulary is one's own: a file's metadata cannot say it. */
  readonly ownVocabulary: boolean;
  /** Blocks and their places. */
  readonly plan: Plan;
  /** Every convolution and dense layer. */
  readonly layers: readonly LayerSpec[];
  /**
   * The raw network F.
   *
   * @param params - tensors of {@link UNet.parameters} by name; further names are ignored.
   * @param x - `[N, H, W, imgChannels]`, already scaled by c_in.
   * @param cNoise - `[N]`, `ln(σ)/4`.
   * @param labels - `[N, labelDim]` one-hot, an all-zero row for no label; undefined is all zero. Ignored when labelDim is 0.
   * @returns new tensor `[N, H, W, imgChannels]`.
   * @throws {RangeError} when a parameter is missing or an input is misshapen.
   */
  apply(
    params: Params,
    x: tf.Tensor4D,
    cNoise: tf.Tensor,
    labels?: tf.Tensor | undefined,
    options?: ApplyOptions,
  ): tf.Tensor4D;
  /** Shapes of the masks that `dropoutMask` is asked for, by block name; empty when `config.dropout` is 0. */
  dropoutShapes(batch: number): Record<string, [number, number, number, number]>;
}

/** Second argument of {@link createUNet}. */
export interface VocabularyOption {
  /** In place of the config's own: `{ ...ladder.G, sum: plainSum }`. */
  readonly vocabulary?: Vocabulary;
}

/**
 * Describes a U-Net of the ladder A to G, of one of them with single switches set, or of a vocabulary of one's own. Nothing is allocated.
 *
 * @throws {RangeError} when an option is unknown, missing or out of range.
 * @see Karras et al. 2024, Appendix B, Figures 16 to 22.
 */
export function createUNet(options: UNetOptions, language: VocabularyOption = {}): UNet {
  const { vocabulary: own } = known('createUNet', language, { vocabulary: true });
  if (own) checkVocabulary(own);
  const config = resolveConfig(options);
  const set = SWITCH_NAMES.find((name) => config[name] !== undefined);
  if (own && set)
    throw new RangeError(
      `createUNet: expected switches or a vocabulary of one's own, got both (${set}). Write the switch into the vocabulary.`,
    );
  const chosen = own ?? switched(config.config, config);
  const { initGain } = config;
  const tuned = balanced(chosen, config);
  const vocabulary = initGain === undefined ? tuned : { ...tuned, init: withGain(tuned.init, initGain) };
  const plan = layOut(config);
  const first = plan.levels[0] ?? 0;
  const { imgChannels, imgResolution, labelDim, dropout } = config;
  const { onesChannel, cat, share, outputActivation } = vocabulary;

  const net = startNetwork(vocabulary, plan.embChannels);
  const embed = embedding(net, config, plan);
  const input = net.conv(plan.inputName, imgChannels + (onesChannel ? 1 : 0), first, 3, imgResolution);
  const encoder = plan.encoder.map((block) => vocabulary.block(net, block));
  const decoder = plan.decoder.map((block) => ({ skip: block.skip > 0, run: vocabulary.block(net, block) }));
  const outNorm = net.norm('unet.out_norm', vocabulary.norm, first);
  const output = net.conv('unet.out_conv', first, imgChannels, 3, imgResolution, {
    gain: 'unet.out_gain',
    role: 'last',
  });

  const forward = (
    run: Run,
    image: tf.Tensor4D,
    cNoise: tf.Tensor,
    conditions: Conditions,
    checkpoint: Checkpoint,
  ): tf.Tensor4D => {
    const emb = embed(run, cNoise, conditions);
    const ones = tf.ones<tf.Rank.R4>([image.shape[0], image.shape[1], image.shape[2], 1]);
    let x = input(run, onesChannel ? tf.concat([image, ones], -1) : image);
    const skips = [x];
    for (const block of encoder) {
      x = checkpoint((x: tf.Tensor4D, emb: tf.Tensor2D) => block(run, x, emb))(x, emb);
      skips.push(x);
    }
    for (const { skip, run: block } of decoder) {
      const joined = skip ? skips.pop() : undefined;
      x = checkpoint((x: tf.Tensor4D, joined: tf.Tensor4D | undefined, emb: tf.Tensor2D) =>
        block(run, joined ? cat(x, joined, share.skip) : x, emb),
      )(x, joined, emb);
    }
    return output(run, outputActivation(outNorm(run, x)));
  };

  return {
    config,
    parameters: net.parameters,
    vocabulary,
    ownVocabulary: own !== undefined && !sameWords(own, switched(config.config, config)),
    plan,
    layers: net.layers,
    apply: (params, x, cNoise, labels, options = {}) => {
      const { dropoutMask, onActivation, checkpoint, augmentLabels } = known('unet.apply', options, APPLY);
      checkInputs(config, x, cNoise, labels);
      checkAugmentLabels(config, augmentLabels, x.shape[0]);
      if (checkpoint && onActivation)
        throw new RangeError(
          'unet.apply: expected onActivation without checkpoint, got both. Blocks that run again would report twice.',
        );
      const run: Run = { params, tap: onActivation, dropout: dropWith(dropoutMask) };
      const conditions = {
        labels: labelDim > 0 ? (labels as tf.Tensor2D) : undefined,
        augmentLabels: augmentLabels as tf.Tensor2D | undefined,
      };
      return tf.tidy(() => forward(run, x, cNoise, conditions, checkpoint ?? ((fn) => fn)));
    },
    dropoutShapes: (batch) =>
      Object.fromEntries(
        dropout === 0
          ? []
          : [...plan.encoder, ...plan.decoder].map(({ name, resolution, to }) => [
              name,
              [batch, resolution, resolution, to],
            ]),
      ),
  };
}

const APPLY = { dropoutMask: true, onActivation: true, checkpoint: true, augmentLabels: true } as const;

/** A misspelled word would leave the config's own in place. @throws {RangeError} naming it. */
function checkVocabulary(own: Vocabulary): void {
  const names = (words: object) => Object.fromEntries(Object.keys(words).map((name) => [name, true]));
  known('createUNet: vocabulary', own, names(ladder.G) as OptionNames<Vocabulary>);
  known('createUNet: vocabulary.share', own.share, names(ladder.G.share) as OptionNames<Vocabulary['share']>);
}

const sameWords = (a: Vocabulary, b: Vocabulary): boolean =>
  (Object.keys(b) as (keyof Vocabulary)[]).every((key) => a[key] === b[key]);

function dropWith(masks: DropoutMask | undefined): Run['dropout'] {
  if (!masks) return (_block, x) => x;
  return (block, x) => {
    const mask = typeof masks === 'function' ? masks(block) : masks[block];
    return mask ? tf.mul<tf.Tensor4D>(x, mask) : x;
  };
}

function checkInputs(config: UNetConfig, x: tf.Tensor, cNoise: tf.Tensor, labels: tf.Tensor | undefined): void {
  const { imgResolution: side, imgChannels, labelDim } = config;
  const n = x.shape[0] ?? 0;
  checkShape('x', x, [n, side, side, imgChannels], 'Images are [N, H, W, C]');
  checkShape('cNoise', cNoise, [n], 'One noise level an image');
  if (labels !== undefined && labels !== null && labelDim > 0)
    checkShape(
      'labels',
      labels,
      [n, labelDim],
      `One row an image, a one for its class: class numbers become rows with tf.oneHot(classes, ${labelDim}); leave labels out for no class`,
    );
}

function checkAugmentLabels({ augmentDim = 0 }: UNetConfig, labels: tf.Tensor | undefined, n: number): void {
  if (labels === undefined) return;
  if (augmentDim === 0)
    throw new RangeError(
      'unet.apply: expected no augmentLabels, got some. Make the network with augmentDim, or leave them out.',
    );
  checkShape('augmentLabels', labels, [n, augmentDim], 'One row an image, of zeros for one that is as it was');
}

function checkShape(name: string, tensor: tf.Tensor, shape: number[], remedy: string): void {
  if (tensor?.shape?.join() === shape.join()) return;
  const actual = tensor?.shape ? `[${tensor.shape}]` : kindOf(tensor);
  throw new RangeError(`unet.apply: expected ${name} of shape [${shape}], got ${actual}. ${remedy}.`);
}
