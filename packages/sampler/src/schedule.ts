import { known } from '@edm2/options';

/** Which noise levels a sampler visits. */
export interface KarrasScheduleOptions {
  /** Number of steps, an integer ≥ 1. */
  readonly steps?: number;
  /** Last noise level before 0, > 0. */
  readonly sigmaMin?: number;
  /** First noise level, > sigmaMin. */
  readonly sigmaMax?: number;
  /** How much the steps crowd towards low noise, > 0; 1 = evenly spaced. */
  readonly rho?: number;
}

/**
 * Noise levels `(σmax^{1/ρ} + i/(N−1)·(σmin^{1/ρ} − σmax^{1/ρ}))^ρ`, i = 0 … N−1, then 0.
 *
 * @returns `[steps + 1]` float64, strictly decreasing from sigmaMax; the last two are sigmaMin and 0. One step: sigmaMax, 0.
 * @throws {RangeError} when an option is out of range.
 * @see Karras et al. 2022 (2206.00364), eq. 5.
 */
export function karrasSchedule(options: KarrasScheduleOptions = {}): Float64Array {
  const names = { steps: true, sigmaMin: true, sigmaMax: true, rho: true } as const;
  const { steps = 32, sigmaMin = 0.002, sigmaMax = 80, rho = 7 } = known('karrasSchedule', options, names);
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new RangeError(`karrasSchedule: expected a whole number of steps ≥ 1, got ${steps}. EDM2 uses 32.`);
  if (!(sigmaMin > 0 && sigmaMin < sigmaMax && sigmaMax < Number.POSITIVE_INFINITY))
    throw new RangeError(
      `karrasSchedule: expected 0 < sigmaMin < sigmaMax, got sigmaMin = ${sigmaMin}, sigmaMax = ${sigmaMax}. EDM2 uses 0.002 and 80.`,
    );
  if (!(rho > 0 && rho < Number.POSITIVE_INFINITY))
    throw new RangeError(`karrasSchedule: expected rho > 0, got ${rho}. EDM2 uses 7.`);
  const from = sigmaMax ** (1 / rho);
  const to = sigmaMin ** (1 / rho);
  const sigmas = new Float64Array(steps + 1);
  for (let i = 1; i < steps; i++) sigmas[i] = (from + (i / (steps - 1)) * (to - from)) ** rho;
  // The ends exactly, so that an interval whose bound is one of them is what it says.
  sigmas[0] = sigmaMax;
  if (steps > 1) sigmas[steps - 1] = sigmaMin;
  return sigmas;
}
