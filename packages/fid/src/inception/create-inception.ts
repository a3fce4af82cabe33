import type { ParameterSpec } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { type Conv, convName, STAGES, type Stage, type Step } from './architecture.js';
import { inceptionParameters } from './parameters.js';
import { resizeImages } from './resize.js';

/** Added to the variances of the batch normalisations. */
const EPSILON = 1e-3;

/** Options of `createInception`. */
export interface InceptionOptions {
  /**
   * How pixels become 299×299 in −1…1. `'tf1'` (default): the TensorFlow graph's own resize and `(x − 128)/128`, for figures comparable
   * with publications and with EDM2. `'torch'`: pytorch-fid's half-pixel bilinear and `2x/255 − 1`; its features differ by about a percent.
   */
  readonly resize?: 'tf1' | 'torch';
}

/** What the network says of a batch. A type, not an interface: TensorFlow.js's `tidy` takes records only so. */
export type InceptionFeatures = {
  /** `[N, 2048]`, the features of FID. */
  readonly pool: tf.Tensor2D;
  /** `[N, 1008]`. */
  readonly logits: tf.Tensor2D;
  /** `[N, 1008]`, without the bias: what Inception Score takes. */
  readonly logitsUnbiased: tf.Tensor2D;
  /** `[N, 17, 17, 7]`, the features of sFID (flattened in this order). */
  readonly spatial: tf.Tensor4D;
};

/** Options of one call. */
export interface InceptionApplyOptions {
  /** Sees each stage's output `[N, H, W, C]`; the tensor lives as long as the call. */
  readonly onActivation?: (name: string, value: tf.Tensor) => void;
}

/** The FID Inception network. */
export interface Inception {
  /** Names as in pytorch-fid's and torch-fidelity's files; shapes in TensorFlow.js's layout. */
  readonly parameters: readonly ParameterSpec[];
  /**
   * @param params - a tensor for each of `parameters`.
   * @param images - `[N, H, W, 3]`, 0…255, any size.
   * @returns new tensors; the caller disposes of them.
   * @throws {RangeError} when images are not `[N, H, W, 3]` or a parameter is missing.
   */
  apply(
    params: Readonly<Record<string, tf.Tensor>>,
    images: tf.Tensor,
    options?: InceptionApplyOptions,
  ): InceptionFeatures;
}

/**
 * The Inception network of FID: the graph of 2015-12-05 with its own pooling and resize, not torchvision's. A pure function of named
 * tensors: runs on any TensorFlow.js backend, and whole through `jit`.
 *
 * @see Szegedy et al. 2016; Heusel et al. 2017.
 */
export function createInception({ resize = 'tf1' }: InceptionOptions = {}): Inception {
  if (resize !== 'tf1' && resize !== 'torch') {
    throw new RangeError(
      `createInception: expected resize 'tf1' or 'torch', got ${JSON.stringify(resize)}. Use 'tf1'.`,
    );
  }
  return {
    parameters: inceptionParameters(),
    apply: (params, images, { onActivation } = {}) => {
      if (images.rank !== 4 || images.shape[3] !== 3) {
        throw new RangeError(
          `apply: expected images [N, H, W, 3], got [${images.shape}]. Repeat grey images' channel three times.`,
        );
      }
      return tf.tidy(() =>
        features(params, toUnit(resizeImages(tf.cast(images as tf.Tensor4D, 'float32'), resize), resize), onActivation),
      );
    },
  };
}

const toUnit = (pixels: tf.Tensor4D, resize: 'tf1' | 'torch'): tf.Tensor4D =>
  resize === 'tf1' ? tf.div(tf.sub(pixels, 128), 128) : tf.sub(tf.mul(pixels, 2 / 255), 1);

type Params = Readonly<Record<string, tf.Tensor>>;

function features(
  params: Params,
  input: tf.Tensor4D,
  onActivation: ((name: string, value: tf.Tensor) => void) | undefined,
): InceptionFeatures {
  let x = input;
  let spatial = input;
  for (const stage of STAGES) {
    const branches = stage.branches.map((branch) =>
      branch.reduce((value, step) => applyStep(params, stage, step, value), x),
    );
    if (stage.name === SPATIAL_STAGE)
      spatial = tf.slice(branches[0] ?? x, [0, 0, 0, 0], [-1, -1, -1, SPATIAL_CHANNELS]);
    x = branches.length === 1 ? (branches[0] ?? x) : tf.concat(branches, 3);
    onActivation?.(stage.name, x);
  }
  const pool = tf.mean<tf.Tensor2D>(x, [1, 2]);
  const logitsUnbiased = tf.matMul<tf.Tensor2D>(pool, parameter(params, 'fc.weight') as tf.Tensor2D);
  return { pool, logitsUnbiased, logits: tf.add<tf.Tensor2D>(logitsUnbiased, parameter(params, 'fc.bias')), spatial };
}

/** sFID reads the first seven channels of this stage's first branch: node `mixed_6/conv:0` of the published evaluator. */
const SPATIAL_STAGE = 'Mixed_6d';
const SPATIAL_CHANNELS = 7;

function applyStep(params: Params, stage: Stage, step: Step, x: tf.Tensor4D): tf.Tensor4D {
  switch (step.kind) {
    case 'conv':
      return applyConv(params, convName(stage, step), step, x);
    case 'fork':
      return tf.concat(
        step.convs.map((conv) => applyConv(params, convName(stage, conv), conv, x)),
        3,
      );
    case 'avg':
      return tf.avgPool(x, 3, step.stride, step.pad);
    case 'max':
      return tf.maxPool(x, 3, step.stride, step.pad);
  }
}

/** The normalisation is folded into filter and bias, which a compiler computes once when the parameters are constants. */
function applyConv(params: Params, name: string, { stride, pad }: Conv, x: tf.Tensor4D): tf.Tensor4D {
  const scale = tf.mul(
    parameter(params, `${name}.bn.weight`),
    tf.rsqrt(tf.add(parameter(params, `${name}.bn.running_var`), EPSILON)),
  );
  const shift = tf.sub(
    parameter(params, `${name}.bn.bias`),
    tf.mul(parameter(params, `${name}.bn.running_mean`), scale),
  );
  const filter = tf.mul<tf.Tensor4D>(parameter(params, `${name}.conv.weight`), scale);
  return tf.relu(tf.add<tf.Tensor4D>(tf.conv2d(x, filter, stride, pad), shift));
}

function parameter(params: Params, name: string): tf.Tensor {
  const value = params[name];
  if (!value) throw new RangeError(`apply: expected params to have ${name}, got none. Load all of \`parameters\`.`);
  return value;
}
