import { type Checkpoint, forceWeightNorm, type UNet } from '@edm2/edm2-unet';
import { edmWeight, type LossWeight, type Uncertainty } from '@edm2/loss-weighting';
import { known } from '@edm2/options';
import type { HalfLife } from '@edm2/phema';
import { emaStep, halfLifeEmaStep } from '@edm2/phema/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { Optimizer } from './adam.js';
import { assertBatch, assertScalars, assertState } from './assert.js';
import { forceHead } from './force-head.js';
import { HALF_LIFE, initState } from './init.js';
import { createObjective } from './objective.js';
import type { GradientBatch, TrainBatch, TrainMetrics, TrainState, UpdateBatch } from './state.js';
import { mapParams, type Params, pick, type TensorTree } from './tree.js';

/** What a training step is made of. */
export interface TrainStepOptions<M extends TensorTree = TensorTree> {
  readonly unet: UNet;
  /** The learned log-uncertainty u(σ), trained along with the net; left out: the plain weighted loss. */
  readonly uncertainty?: Uncertainty | undefined;
  /** Standard deviation of the images, > 0. */
  readonly sigmaData?: number;
  readonly optimizer: Optimizer<M>;
  /** Lengths of the running averages, each in (0, 0.2887); none for an empty list. */
  readonly emaSigmaRels?: readonly number[];
  /** A traditional average besides, kept in `state.ema.halflife`; the paper's config A. It begins at the initial weights. */
  readonly emaHalfLife?: HalfLife | undefined;
  /** Factor of the loss before gradients are taken, > 0, not divided out again. Adam's result depends on it through eps alone. */
  readonly lossScale?: number;
  /** Factor of the squared error at each noise level. */
  readonly weight?: LossWeight;
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
  emaHalfLife: true,
  lossScale: true,
  weight: true,
  checkpoint: true,
} as const;

/**
 * EDM2's training step as pure functions of named tensors.
 *
 * Nothing inside draws, reads or keeps: noise, noise levels, masks, learning rate and image counts come in as tensors, so a step
 * is compiled once and gives the same result whenever it is repeated.
 *
 * @throws {RangeError} when sigmaData or a length is out of range, or net and head share a name.
 * @see Karras et al. 2024, Algorithm 1, eq. 21, 66, 127; section D.2 for the order and the treatment of non-finite gradients.
 */
export function createTrainStep<M extends TensorTree>(options: TrainStepOptions<M>): TrainStep<M> {
  const {
    unet,
    uncertainty,
    sigmaData = 0.5,
    optimizer,
    emaSigmaRels = [0.05, 0.1],
    emaHalfLife,
    lossScale = 1,
    weight = edmWeight,
    checkpoint,
  } = known('createTrainStep', options, OPTIONS);
  if (emaHalfLife) known('createTrainStep: emaHalfLife', emaHalfLife, { halfLife: true, rampup: true });
  const trained = trainedNames(unet, uncertainty);
  const trackNames = [...emaSigmaRels.map(String), ...(emaHalfLife ? [HALF_LIFE] : [])];
  const netNames = unet.parameters.map(({ name }) => name);
  const headNames = (uncertainty?.parameters ?? []).map(({ name }) => name);
  const objective = createObjective({ unet, uncertainty, sigmaData, weight, lossScale, trained, checkpoint });

  /** Everything in one record, the stored weights overwritten by their normalised selves (eq. 66). */
  const forced = (state: TrainState<M>): Params => ({
    ...forceWeightNorm(unet, state.params),
    ...forceHead(unet, uncertainty, state.uncertainty),
  });
  const update = (state: TrainState<M>, params: Params, gradients: Params, batch: UpdateBatch): TrainState<M> => {
    const finite = mapParams(gradients, finiteOrZero);
    const next = optimizer.update(pick(params, trained), finite, state.moments, batch.learningRate);
    const all = { ...params, ...next.params };
    const { [HALF_LIFE]: traditional, ...powerFunction } = state.ema;
    const { t, dt } = batch;
    return {
      params: pick(all, netNames),
      uncertainty: pick(all, headNames),
      moments: next.moments,
      ema: {
        ...emaStep(powerFunction, next.params, t, dt),
        ...(emaHalfLife &&
          traditional && { [HALF_LIFE]: halfLifeEmaStep(traditional, next.params, t, dt, emaHalfLife) }),
      },
    };
  };

  return {
    trained,
    init: (seed) => initState({ unet, uncertainty, optimizer, tracks: trackNames, trained }, seed),
    step(state, batch) {
      assertState('step', state, unet, uncertainty);
      assertBatch('step', batch);
      assertScalars('step', { learningRate: batch.learningRate, t: batch.t, dt: batch.dt });
      return tf.tidy(() => {
        const params = forced(state);
        const { gradients, metrics } = objective(params, batch);
        return { state: update(state, params, gradients, batch), metrics };
      });
    },
    zeroGradients: () => zeros([...unet.parameters, ...(uncertainty?.parameters ?? [])], trained),
    accumulate(state, gradients, batch) {
      assertState('accumulate', state, unet, uncertainty);
      assertBatch('accumulate', batch);
      assertScalars('accumulate', { dt: batch.dt });
      return tf.tidy(() => {
        const { gradients: share, metrics } = objective(forced(state), batch);
        return { gradients: mapParams(share, (tensor, name) => tf.add(gradients[name] ?? 0, tensor)), metrics };
      });
    },
    apply(state, gradients, batch) {
      assertState('apply', state, unet, uncertainty);
      assertScalars('apply', { learningRate: batch.learningRate, t: batch.t, dt: batch.dt });
      return tf.tidy(() => update(state, forced(state), gradients, batch));
    },
  };
}

/** Everything but buffers. */
function trainedNames(unet: UNet, uncertainty: Uncertainty | undefined): string[] {
  const specs = [...unet.parameters, ...(uncertainty?.parameters ?? [])];
  const names = specs.filter(({ kind }) => kind !== 'buffer').map(({ name }) => name);
  const twice = specs.find(({ name }, i) => specs.findIndex((other) => other.name === name) !== i);
  if (twice)
    throw new RangeError(
      `createTrainStep: expected net and uncertainty head to share no name, got ${twice.name} in both. Rename the head's.`,
    );
  return names;
}

/** NaN and ±Inf become 0, so that one bad batch costs one update and not the run. Kernels: IsFinite, ZerosLike, Select. */
const finiteOrZero = (gradient: tf.Tensor): tf.Tensor =>
  tf.where(tf.isFinite(gradient), gradient, tf.zerosLike(gradient));

const zeros = (specs: readonly { name: string; shape: readonly number[] }[], names: readonly string[]): Params =>
  Object.fromEntries(
    specs.filter(({ name }) => names.includes(name)).map(({ name, shape }) => [name, tf.zeros([...shape])]),
  );
