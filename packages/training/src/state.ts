import type * as tf from '@tensorflow/tfjs-core';
import type { Params, TensorTree } from './tree.js';

// Aliases, not interfaces: only those fit the index signatures of tf.tidy's and jit's trees.

/** All that a training run carries from step to step: trees of named tensors, ready for `jit`, `donate` and `saveState`. */
export type TrainState<M extends TensorTree = TensorTree> = {
  /** The network's parameters, buffers included. */
  readonly params: Params;
  /** The parameters of the loss's uncertainty head, buffers included; empty without one. */
  readonly uncertainty: Params;
  /** The optimizer's own tree. */
  readonly moments: M;
  /** Running averages of everything trained (the uncertainty head too), by name: `String(sigmaRel)`, `halflife`. */
  readonly ema: Record<string, Params>;
};

/** What one step learns from. Only tensors, so that a compiled step draws nothing and compiles once. */
export type TrainBatch = {
  /** `[N, H, W, C]` float32 training images, standard deviation about sigmaData. */
  readonly images: tf.Tensor;
  /** `[N, labelDim]` float32 one-hot class labels; left out for an unconditional net. */
  readonly labels?: tf.Tensor;
  /** `[N]` noise levels, > 0; see `sampleSigmas`. */
  readonly sigma: tf.Tensor;
  /** `[N, H, W, C]` draws of N(0, 1): unit noise, which the step multiplies by sigma. */
  readonly noise: tf.Tensor;
  /** Scalar; see `learningRate`. */
  readonly learningRate: tf.Tensor;
  /** Scalar, images seen **after** this step, the time of the averages. */
  readonly t: tf.Tensor;
  /** Scalar, images of the whole step, 0 < dt ≤ t: N, or the sum over microbatches and processes. */
  readonly dt: tf.Tensor;
  /** `[N, augmentDim]`, how each image was augmented; for a net that has `augmentDim`, and only for one. */
  readonly augmentLabels?: tf.Tensor;
  /** Dropout masks by block name, as the net's `dropoutMask` takes them; left out: no dropout. */
  readonly dropoutMasks?: Params;
};

/** The part of a {@link TrainBatch} that gradients depend on. */
export type GradientBatch = Omit<TrainBatch, 'learningRate' | 't'>;

/** The part of a {@link TrainBatch} that an update needs once its gradients are known. */
export type UpdateBatch = Pick<TrainBatch, 'learningRate' | 't' | 'dt'>;

/** What a step reports, as tensors: read them seldom, reading waits for the engine. */
export type TrainMetrics = {
  /** Scalar, mean of the loss map. */
  readonly loss: tf.Tensor;
  /** `[N]`, `λ(σ)` times the mean squared error of each image, before the uncertainty: for `createLossByNoiseLevel`. */
  readonly rawLoss: tf.Tensor;
};
