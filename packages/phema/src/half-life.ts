/** Name of a traditional average where there is one of them. */
export const HALF_LIFE = 'halflife';

/** Options of a traditional, exponential average. */
export interface HalfLife {
  /** Images after which a set of weights counts half, > 0. */
  readonly halfLife: number;
  /**
   * Longest half-life as a share of the images seen so far, > 0: short at the start, so that the initial weights fade. EDM's code
   * takes 0.05; default none, as the paper's config A.
   */
  readonly rampup?: number | undefined;
}

/**
 * Share `1 − β` that the new weights get in a traditional average, `β = 2^(−dt/halfLife)`.
 *
 * @param t - images seen after the update, > 0.
 * @param dt - images since the last one, 0 < dt ≤ t.
 * @returns number in (0, 1); exact for dt much smaller than the half-life.
 * @throws {RangeError} when a number is out of range.
 * @see Karras et al. 2024, C.2 (the average of config A); ramp-up: Karras et al. 2022, public code.
 */
export function halfLifeEmaShare({ halfLife, rampup }: HalfLife, t: number, dt: number): number {
  assertHalfLife('halfLifeEmaShare', { halfLife, rampup });
  if (!(dt > 0 && dt <= t && t < Number.POSITIVE_INFINITY))
    throw new RangeError(`halfLifeEmaShare: expected 0 < dt ≤ t, got dt ${dt} and t ${t}. Both count images.`);
  const length = rampup === undefined ? halfLife : Math.min(halfLife, rampup * t);
  return -Math.expm1((-Math.LN2 * dt) / length);
}

/** @throws {RangeError} when an option is out of range. */
export function assertHalfLife(fn: string, { halfLife, rampup = 1 }: HalfLife): void {
  for (const [name, value] of Object.entries({ halfLife, rampup }))
    if (!(value > 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`${fn}: expected ${name} > 0, got ${value}. Leave it out for none.`);
}
