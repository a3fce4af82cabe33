import { type Profile, profileDot } from './profile.js';

/** Stored profiles as vectors of a space with an inner product, all that a least-squares fit of a target asks of them. */
export interface ProfileSpace {
  /** Inner products of the stored profiles divided by their lengths, row-major `[n, n]`, 1 on the diagonal. */
  readonly gram: Float64Array;
  /** `‖p‖` of each stored profile. */
  readonly lengths: Float64Array;
  /** A target in the same space. */
  target(target: Profile): TargetVector;
}

/** A target's place among the stored profiles. */
export interface TargetVector {
  /** Its inner products with the stored profiles, divided by the lengths of both. */
  readonly dots: Float64Array;
  /** `‖p_target‖`. */
  readonly length: number;
  /** Share of it that no combination of stored averages can have, however many there are: 0 where averages took in every step. */
  readonly unseen: number;
}

/** Averages that took in every step, or every k-th with the time of all k: power functions themselves. */
export function powerSpace(stored: readonly Profile[]): ProfileSpace {
  const n = stored.length;
  const lengths = Float64Array.from(stored, (profile) => Math.sqrt(profileDot(profile, profile)));
  const gram = new Float64Array(n * n);
  stored.forEach((a, i) => {
    stored.forEach((b, j) => {
      gram[i * n + j] = i === j ? 1 : profileDot(a, b) / ((lengths[i] as number) * (lengths[j] as number));
    });
  });
  return {
    gram,
    lengths,
    target(target) {
      const length = Math.sqrt(profileDot(target, target));
      const dots = Float64Array.from(stored, (p, i) => profileDot(p, target) / ((lengths[i] as number) * length));
      return { dots, length, unseen: 0 };
    },
  };
}
