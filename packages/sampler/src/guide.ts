import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';
import type { Denoiser } from './denoiser.js';
import { knownSigma, sigmaTensor } from './noise-level.js';

/** Two denoisers and how far to go from one through the other. */
export interface GuideOptions {
  /** The denoiser whose samples are wanted. */
  readonly main: Denoiser;
  /**
   * What to move away from: an unconditional denoiser (classifier-free guidance; from a conditional one,
   * `(x, sigma) => net(x, sigma)`), or a worse version of `main` (autoguidance). It is given the labels too.
   */
  readonly guide: Denoiser;
  /** Strength w: 1 = main alone, > 1 = beyond it. Finite. */
  readonly weight: number;
  /** `[lo, hi]`: w holds for noise levels in (lo, hi] and is 1 elsewhere. Without it, everywhere. */
  readonly interval?: readonly [lo: number, hi: number] | undefined;
}

/**
 * Guided denoiser `D = D_guide + w·(D_main − D_guide)`. Where w is 1 the guide is not evaluated.
 *
 * With an interval, and called outside this package's solvers, it reads `sigma` back (so it returns a promise, and cannot be
 * compiled as a whole: compile `main` and `guide`).
 *
 * @returns a denoiser; it returns a tensor when both returned tensors, else a promise. It also takes a number as sigma, for all images.
 * @throws {RangeError} when the weight is not finite or the interval is not lo < hi.
 * @see Karras et al. 2024 (2406.02507); interval: Kynkäänniemi et al. 2024 (2404.07724).
 */
export function guide(options: GuideOptions): Denoiser {
  const names = { main: true, guide: true, weight: true, interval: true } as const;
  const { main, guide: reference, weight, interval } = known('guide', options, names);
  if (!Number.isFinite(weight))
    throw new RangeError(`guide: expected a finite weight, got ${weight}. 1 turns guidance off.`);
  if (interval !== undefined && !(interval[0] < interval[1]))
    throw new RangeError(`guide: expected interval [lo, hi] with lo < hi, got [${interval.join(', ')}]. Swap them?`);
  if (weight === 1) return takingNumbers(main);
  const everywhere: Denoiser = (x, sigma, labels) => both(main, reference, weight, [x, sigma, labels]);
  if (interval === undefined) return takingNumbers(everywhere);
  const [lo, hi] = interval;
  const inside = (level: number): boolean => level > lo && level <= hi;

  return takingNumbers((x, sigma, labels) => {
    const level = knownSigma(sigma);
    if (level !== undefined) return inside(level) ? everywhere(x, sigma, labels) : main(x, sigma, labels);
    return readLevels(sigma).then((levels) => {
      if (levels.every(inside)) return everywhere(x, sigma, labels);
      if (!levels.some(inside)) return main(x, sigma, labels);
      const shape = x.shape.map((_, axis) => (axis === 0 ? levels.length : 1));
      const weights = tf.tensor(
        levels.map((l) => (inside(l) ? weight : 1)),
        shape,
        'float32',
      );
      return Promise.resolve(both(main, reference, weights, [x, sigma, labels])).finally(() => weights.dispose());
    });
  });
}

/** Makes of a number the tensor that denoisers are given. */
function takingNumbers(denoiser: Denoiser): Denoiser {
  return (x, sigma, labels) => {
    if (typeof sigma !== 'number') return denoiser(x, sigma, labels);
    const level = sigmaTensor(x.shape[0] ?? 1, sigma);
    const result = denoiser(x, level, labels);
    if (result instanceof tf.Tensor) level.dispose();
    else void result.catch(() => undefined).finally(() => level.dispose());
    return result;
  };
}

const readLevels = async (sigma: tf.Tensor): Promise<number[]> => Array.from(await sigma.data());

/** Evaluates both and combines; whatever fails, the other's result is freed. */
function both(
  main: Denoiser,
  reference: Denoiser,
  weight: number | tf.Tensor,
  args: Parameters<Denoiser>,
): tf.Tensor | Promise<tf.Tensor> {
  const wanted = main(...args);
  let away: tf.Tensor | Promise<tf.Tensor>;
  try {
    away = reference(...args);
  } catch (error) {
    discard(wanted, args);
    throw error;
  }
  if (wanted instanceof tf.Tensor && away instanceof tf.Tensor) return combine(wanted, away, weight, args);
  return Promise.allSettled([wanted, away]).then(([a, b]) => {
    if (a.status === 'fulfilled' && b.status === 'fulfilled') return combine(a.value, b.value, weight, args);
    for (const result of [a, b]) if (result.status === 'fulfilled') discard(result.value, args);
    throw a.status === 'rejected' ? a.reason : (b as PromiseRejectedResult).reason;
  });
}

function combine(
  wanted: tf.Tensor,
  away: tf.Tensor,
  weight: number | tf.Tensor,
  args: Parameters<Denoiser>,
): tf.Tensor {
  try {
    return tf.tidy(() => tf.add(away, tf.mul(tf.sub(wanted, away), weight)));
  } finally {
    discard(wanted, args);
    if (away !== wanted) discard(away, args);
  }
}

/** Frees a result, unless it is an argument handed straight back. */
function discard(result: tf.Tensor | Promise<tf.Tensor>, args: Parameters<Denoiser>): void {
  if (!(result instanceof tf.Tensor)) void result.then((tensor) => discard(tensor, args)).catch(() => undefined);
  else if (!args.includes(result)) result.dispose();
}
