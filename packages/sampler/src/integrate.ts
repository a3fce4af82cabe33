import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import { createChurner } from './churn.js';
import type { Denoiser, SolverOptions } from './denoiser.js';
import { sigmaTensor } from './noise-level.js';

/** What one step of a solver sees. Every tensor belongs to the run: it is freed at its end, if not released before. */
export interface StepContext {
  /** The sample, at noise level `sigma` (after churn). */
  readonly x: tf.Tensor;
  readonly sigma: number;
  /** The level to go to, < sigma; 0 at the last step of a usual schedule. */
  readonly next: number;
  /** Denoises: checks signal and shape. */
  evaluate(x: tf.Tensor, sigma: number): Promise<tf.Tensor>;
  /** `Σ cᵢ·xᵢ`, coefficients in float64. */
  combine(...terms: readonly (readonly [coefficient: number, tensor: tf.Tensor])[]): tf.Tensor;
  /** Frees tensors of this run. */
  release(...tensors: readonly (tf.Tensor | undefined)[]): void;
}

/** One step: the sample at `next`, and the first estimate of the clean image. Whatever else it made it has released. */
export type SolverStep = (context: StepContext) => Promise<{ x: tf.Tensor; denoised: tf.Tensor }>;

/**
 * The loop that all solvers share: scaling, churn, progress, cancellation, and the ownership of every tensor, so that a
 * step is only its formula.
 *
 * @param step - may keep `denoised` of the step before: it lives until the next step is done.
 */
export async function integrate(
  fn: string,
  denoiser: Denoiser,
  noise: tf.Tensor,
  options: SolverOptions,
  step: SolverStep,
): Promise<tf.Tensor> {
  const { sigmas, labels, churn, random, onStep, signal } = known(fn, options, {
    sigmas: true,
    labels: true,
    churn: true,
    random: true,
    onStep: true,
    signal: true,
  });
  const levels = checkSigmas(fn, sigmas);
  const steps = levels.length - 1;
  const churner = createChurner(fn, churn, random, steps);
  const batch = noise.shape[0];
  if (batch === undefined)
    throw new RangeError(`${fn}: expected noise of shape [N, …], got a scalar. Give unit noise, one row per sample.`);

  const owned = new Set<tf.Tensor>();
  const own = (tensor: tf.Tensor): tf.Tensor => {
    owned.add(tensor);
    return tensor;
  };
  const release = (...tensors: readonly (tf.Tensor | undefined)[]) => {
    for (const tensor of tensors) if (tensor && owned.delete(tensor)) tensor.dispose();
  };
  const combine: StepContext['combine'] = (...terms) => own(tf.tidy(() => linear(terms)));
  const evaluate: StepContext['evaluate'] = async (x, sigma) => {
    signal?.throwIfAborted();
    const level = own(sigmaTensor(batch, sigma));
    const result = await denoiser(x, level, labels);
    release(level);
    const denoised = own(result === x ? tf.clone(x) : result);
    if (!tf.util.arraysEqual(denoised.shape, x.shape))
      throw new RangeError(
        `${fn}: expected the denoiser to return [${x.shape}], got [${denoised.shape}]. D(x; σ) has the shape of x.`,
      );
    return denoised;
  };

  try {
    // Unit noise is scaled here, as in EDM, so that the noise does not depend on the schedule.
    let x = combine([levels[0] as number, noise]);
    let previous: tf.Tensor | undefined;
    for (let i = 0; i < steps; i++) {
      const next = levels[i + 1] as number;
      const raised = churner.apply(x, levels[i] as number, i);
      if (raised) {
        release(x);
        x = own(raised.x);
      }
      const sigma = raised?.sigma ?? (levels[i] as number);
      const result = await step({ x, sigma, next, evaluate, combine, release });
      release(x, previous);
      x = result.x;
      previous = result.denoised;
      await onStep?.({ step: i, steps, sigma: next, x, denoised: previous });
      if (signal) await eventLoopTurn();
    }
    signal?.throwIfAborted();
    owned.delete(x);
    return x;
  } finally {
    release(...owned);
  }
}

function linear(terms: readonly (readonly [number, tf.Tensor])[]): tf.Tensor {
  const parts = terms.filter(([coefficient]) => coefficient !== 0);
  const scaled = parts.map(([coefficient, tensor]) => (coefficient === 1 ? tensor : tf.mul(tensor, coefficient)));
  const [first, ...rest] = scaled;
  if (first === undefined) throw new Error('linear: expected a term that is not zero.');
  // A clone, because a tidy would hand a lone tensor back itself.
  return rest.length === 0 ? tf.clone(first) : rest.reduce((sum, part) => tf.add(sum, part), first);
}

function checkSigmas(fn: string, sigmas: ArrayLike<number>): number[] {
  const levels = Array.from(sigmas);
  const decreasing = levels.every((sigma, i) => i === 0 || sigma < (levels[i - 1] as number));
  if (levels.length < 2 || !decreasing || !Number.isFinite(levels[0]) || !((levels.at(-1) as number) >= 0))
    throw new RangeError(
      `${fn}: expected sigmas that decrease strictly to a value ≥ 0, got [${levels.join(', ')}]. Use karrasSchedule().`,
    );
  return levels;
}

/** Denoisers on a CPU resolve at once; only a turn of the event loop lets whatever aborts the signal happen. */
const eventLoopTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
