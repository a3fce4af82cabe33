import type { Checkpoint, UNet } from '@edm2/edm2-unet';
import { edmWeight, type LossWeight, type Uncertainty } from '@edm2/loss-weighting';
import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from './adam.js';
import { assertBatch, assertScalars, assertState } from './assert.js';
import { type AveragesOptions, assertAverages, averagesOf, moveAverages } from './averages.js';
import { joinNetworks } from './networks.js';
import { createObjective } from './objective.js';
import type { GradientBatch, TrainBatch, TrainMetrics, TrainState, UpdateBatch } from './state.js';
import { mapParams, type Params, pick, type TensorTree } from './tree.js';

/** What a training step is made of. */
export interface TrainStepOptions<M extends TensorTree = TensorTree> extends AveragesOptions {
  readonly unet: UNet;
  /** The learned log-uncertainty u(σ), trained along with the net; left out: the plain weighted loss. */
  readonly uncertainty?: Uncertainty | undefined;
  /** Standard deviation of the images, > 0. */
  readonly sigmaData?: number;
  readonly optimizer: Optimizer<M>;
  /** Factor of the loss before gradients are taken, > 0, not divided out again. Adam's result depends on it through eps alone. */
  readonly lossScale?: number;
  /** λ(σ), the factor of the squared error at each noise level. */
  readonly lossWeight?: LossWeight | undefined;
  /** @deprecated `lossWeight`. Goes with 1.0. */
  readonly weight?: LossWeight | undefined;
  /** tfjs-jit's `checkpoint`: the net's blocks run again in the backward pass. Less memory, a third more time. */
  readonly checkpoint?: Checkpoint | undefined;
}

/** A training step as pure functions: hand any of them to `jit`. All tensors that they return are new and the caller's. */
export interface TrainStep<M extends TensorTree = TensorTree> {
  /** Names of everything trained: the net's parameters and the head's, without buffers. */
  readonly trained: readonly string[];
  /**
   * The state before the first step.
   *
   * @param seed - a safe integer; the same one gives the same weights on every engine.
   */
  init(seed: number): TrainState<M>;
  /**
   * One whole step: forced weight normalisation, loss, gradients, non-finite gradients to 0, optimizer, running averages.
   *
   * @throws {RangeError} when the state is another net's or a shape in the batch does not fit.
   */
  step(state: TrainState<M>, batch: TrainBatch): { state: TrainState<M>; metrics: TrainMetrics };
  /** Gradients of nothing yet, for the first {@link TrainStep.accumulate} of a step. */
  zeroGradients(): Params;
  /**
   * Adds one microbatch's share of the gradients of a step whose images do not fit in memory at once, or are spread over
   * processes: `dt` is the number of images of the whole step. Sums over microbatches and processes are the step's gradients.
   *
   * @throws {RangeError} as `step`.
   */
  accumulate(
    state: TrainState<M>,
    gradients: Params,
    batch: GradientBatch,
  ): { gradients: Params; metrics: TrainMetrics };
  /** Takes the step whose gradients have been summed, from the state that they were taken at. */
  apply(state: TrainState<M>, gradients: Params, batch: UpdateBatch): TrainState<M>;
}

const OPTIONS = {
  unet: true,
  uncertainty: true,
  sigmaData: true,
  optimizer: true,
  emaSigmaRels: true,
  averages: true,
  lossScale: true,
  lossWeight: true,
  weight: true,
  checkpoint: true,
} as const;

/**
 * EDM2's training step as pure functions of named tensors.
 *
 * Nothing inside draws, reads or keeps: noise, noise levels, masks, learning rate and image counts come in as tensors, so a step
 * is compiled once and gives the same result whenever it is repeated.
 *
 * @throws {RangeError} when sigmaData or a length is out of range, when net and head share a name, or two averages do.
 * @see Karras et al. 2024, Algorithm 1, eq. 21, 66, 127; section D.2 for the order and the treatment of non-finite gradients.
 */
export function createTrainStep<M extends TensorTree>(options: TrainStepOptions<M>): TrainStep<M> {
  const {
    unet,
    uncertainty,
    sigmaData = 0.5,
    optimizer,
    lossScale = 1,
    weight = edmWeight,
    lossWeight = weight,
    checkpoint,
    ...tracked
  } = known('createTrainStep', options, OPTIONS);
  const averages = averagesOf(tracked);
  const networks = joinNetworks(unet, uncertainty);
  const { trained } = networks;
  const loss = createObjective({ unet, uncertainty, sigmaData, lossWeight, lossScale, trained, checkpoint });

  const forced = (state: TrainState<M>): Params => networks.forceWeightNorm(networks.join(state)); // eq. 66

  const update = (state: TrainState<M>, params: Params, gradients: Params, batch: UpdateBatch): TrainState<M> => {
    const finite = mapParams(gradients, finiteOrZero); // D.2
    const learned = optimizer.update(pick(params, trained), finite, state.moments, batch.learningRate);
    return {
      ...networks.part({ ...params, ...learned.params }),
      moments: learned.moments,
      ema: moveAverages(averages, state.ema, learned.params, batch), // eq. 127
    };
  };

  return {
    trained,
    init(seed) {
      const params = networks.init(seed);
      const learned = pick(params, trained);
      return {
        ...networks.part(params),
        moments: optimizer.init(learned),
        ema: Object.fromEntries(averages.map(({ name, init }) => [name, init(learned)])),
      };
    },
    step(state, batch) {
      assertState('step', state, unet, uncertainty);
      assertAverages('step', state.ema, averages);
      assertBatch('step', batch, unet.config);
      assertScalars('step', { learningRate: batch.learningRate, t: batch.t, dt: batch.dt });
      return tf.tidy(() => {
        const params = forced(state);
        const { gradients, metrics } = loss(params, batch); // eq. 21
        return { state: update(state, params, gradients, batch), metrics };
      });
    },
    zeroGradients: () => {
      const shapes = new Map(networks.parameters.map(({ name, shape }) => [name, shape]));
      return Object.fromEntries(trained.map((name) => [name, tf.zeros([...(shapes.get(name) ?? [])])]));
    },
    accumulate(state, gradients, batch) {
      assertState('accumulate', state, unet, uncertainty);
      assertBatch('accumulate', batch, unet.config);
      assertScalars('accumulate', { dt: batch.dt });
      return tf.tidy(() => {
        const { gradients: share, metrics } = loss(forced(state), batch);
        return { gradients: mapParams(share, (tensor, name) => tf.add(gradients[name] ?? 0, tensor)), metrics };
      });
    },
    apply(state, gradients, batch) {
      assertState('apply', state, unet, uncertainty);
      assertAverages('apply', state.ema, averages);
      assertScalars('apply', { learningRate: batch.learningRate, t: batch.t, dt: batch.dt });
      return tf.tidy(() => update(state, forced(state), gradients, batch));
    },
  };
}

/** NaN and ±Inf become 0, so that one bad batch costs one update and not the run. Kernels: IsFinite, ZerosLike, Select. */
const finiteOrZero = (gradient: tf.Tensor): tf.Tensor =>
  tf.where(tf.isFinite(gradient), gradient, tf.zerosLike(gradient));
