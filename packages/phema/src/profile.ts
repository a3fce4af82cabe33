/**
 * One power-function average: the weighting `(gamma + 1)·τ^gamma / t^(gamma + 1)` of the parameters over training time
 * `0 ≤ τ ≤ t`.
 */
export interface Profile {
  /** Exponent of the profile, ≥ 0: the larger, the shorter the average. */
  readonly gamma: number;
  /** Training time at which the average ends, > 0; any unit (EDM2 counts images), one unit throughout. */
  readonly t: number;
}

/** Largest relative length a power-function average can have: `1/√12`, at `gamma = 0` (the plain mean). */
export const MAX_SIGMA_REL = 1 / Math.sqrt(12);

/** `sigmaRel` of `gamma = 0` may come back from arithmetic an ulp or two above the bound. */
const ROUNDING = 1e-12;

/**
 * Exponent of the power function whose relative length is `sigmaRel`: the largest real root of
 * `γ³ + 7γ² + (16 − σ⁻²)γ + (12 − σ⁻²)`.
 *
 * @param sigmaRel - length of the average relative to training time, 0 < sigmaRel ≤ 1/√12 ≈ 0.2887.
 * @returns gamma ≥ 0, to about 1e-14 relative.
 * @throws {RangeError} when sigmaRel is outside its range.
 * @see Karras et al. 2024, eq. 126.
 */
export function sigmaRelToGamma(sigmaRel: number): number {
  if (!(sigmaRel > 0 && sigmaRel <= MAX_SIGMA_REL * (1 + ROUNDING)))
    throw new RangeError(
      `sigmaRelToGamma: expected 0 < sigmaRel < 0.2887, got ${sigmaRel}. Give the relative length of the average, for example 0.10.`,
    );
  const inverseSquare = 1 / (sigmaRel * sigmaRel);
  const a = 16 - inverseSquare;
  const b = 12 - inverseSquare;
  // 1/sigmaRel lies above the largest root and the cubic is convex from there down to it: Newton descends monotonically.
  let gamma = 1 / sigmaRel;
  for (let i = 0; i < 100; i++) {
    const excess = (((gamma + 7) * gamma + a) * gamma + b) / ((3 * gamma + 14) * gamma + a);
    gamma -= excess;
    if (!(Math.abs(excess) > 1e-15 * (1 + gamma))) break;
  }
  return Math.max(gamma, 0);
}

/**
 * Relative length `√((γ + 1) / ((γ + 2)²(γ + 3)))` of the power function with exponent `gamma`: the standard deviation
 * of its weighting over training time, as a share of training time.
 *
 * @param gamma - exponent, ≥ 0.
 * @returns sigmaRel in (0, 1/√12].
 * @throws {RangeError} when gamma is negative or not finite.
 * @see Karras et al. 2024, eq. 123.
 */
export function gammaToSigmaRel(gamma: number): number {
  assertGamma('gammaToSigmaRel', gamma);
  return Math.sqrt((gamma + 1) / (gamma + 3)) / (gamma + 2);
}

/**
 * Share `β = ((t − dt) / t)^(gamma + 1)` that the running average keeps when it takes in the parameters at `t`, `dt`
 * after its last update. Exact for every `dt`: updating each k-th step with `dt` = k steps follows the same profile.
 *
 * @param gamma - exponent, ≥ 0.
 * @param t - training time after the step, > 0.
 * @param dt - training time since the last update, 0 < dt ≤ t, in the unit of `t`; dt = t (the first update) gives 0.
 * @returns β, 0 ≤ β < 1.
 * @throws {RangeError} when gamma, t or dt is outside its range.
 * @see Karras et al. 2024, eq. 127.
 */
export function powerEmaBeta(gamma: number, t: number, dt: number): number {
  assertStep('powerEmaBeta', gamma, t, dt);
  return Math.exp((gamma + 1) * Math.log1p(-dt / t));
}

/** `1 − β` without the cancellation that `1 - powerEmaBeta(…)` suffers late in training, when β → 1. */
export function powerEmaShare(gamma: number, t: number, dt: number): number {
  assertStep('powerEmaShare', gamma, t, dt);
  return -Math.expm1((gamma + 1) * Math.log1p(-dt / t));
}

/**
 * Inner product `∫ a(τ)·b(τ) dτ` of two profiles:
 * `(γa + 1)(γb + 1)·(ta/tb)^p / ((γa + γb + 1)·max(ta, tb))` with `p = γb` if ta < tb, else `−γa`.
 *
 * @param a - exponent ≥ 0, end time > 0.
 * @param b - the same, in the same unit of time.
 * @returns the inner product, > 0 (0 when it underflows), in 1 / unit of time.
 * @throws {RangeError} when an exponent or an end time is outside its range.
 * @see Karras et al. 2024, eq. 151.
 */
export function profileDot(a: Profile, b: Profile): number {
  assertProfile('profileDot', a);
  assertProfile('profileDot', b);
  const power = a.t < b.t ? (a.t / b.t) ** b.gamma : (b.t / a.t) ** a.gamma;
  return ((a.gamma + 1) * (b.gamma + 1) * power) / ((a.gamma + b.gamma + 1) * Math.max(a.t, b.t));
}

/** @throws {RangeError} when a profile's exponent is negative or its end time not positive. */
export function assertProfile(fn: string, { gamma, t }: Profile): void {
  assertGamma(fn, gamma);
  if (!(t > 0 && Number.isFinite(t)))
    throw new RangeError(`${fn}: expected a profile with t > 0, got t = ${t}. Give the training time of the snapshot.`);
}

function assertGamma(fn: string, gamma: number): void {
  if (!(gamma >= 0 && Number.isFinite(gamma)))
    throw new RangeError(
      `${fn}: expected gamma ≥ 0, got ${gamma}. Use sigmaRelToGamma(sigmaRel) to turn a relative length into an exponent.`,
    );
}

function assertStep(fn: string, gamma: number, t: number, dt: number): void {
  assertGamma(fn, gamma);
  if (!(t > 0 && Number.isFinite(t) && dt > 0 && dt <= t))
    throw new RangeError(
      `${fn}: expected 0 < dt ≤ t, got dt = ${dt}, t = ${t}. t is the training time after the step, dt the time since the last update.`,
    );
}
