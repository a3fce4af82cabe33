import { conditionOf, pivotedCholesky, residualOf, solveRefined } from './linear-solve.js';
import { assertProfile, type Profile, profileDot } from './profile.js';

/** How to form one average out of stored ones, and how well that works. */
export interface Synthesis {
  /** Weight of each stored average, in the order given; they sum to 1. */
  readonly weights: Float64Array;
  /**
   * Distance `‖p_target − Σ wᵢ pᵢ‖ / ‖p_target‖` between the profile asked for and the one that the weights give, 0 … ~1.
   * Below about 1e-8 it is rounding noise.
   */
  readonly profileError: number;
  /** `‖A x − b‖ / ‖b‖` of the linear solve, before the weights are divided by their sum. */
  readonly residual: number;
  /** Condition of the Gram matrix of the stored profiles, scaled to unit length, in the 1-norm; Infinity: some repeat. */
  readonly conditionNumber: number;
  /** `Σ |wᵢ|` ≥ 1: by how much the weights amplify what is wrong with the stored averages. */
  readonly sumAbs: number;
  /** `√(Σ wᵢ²)`: the same for errors that are independent, such as the rounding of a storage format. */
  readonly norm: number;
}

/**
 * Weights that turn stored averages into the one nearest to `target`: the least-squares solution of
 * `Σ wᵢ pᵢ ≈ p_target` over profiles (solve `A x = b`, A the stored profiles' inner products, b theirs with the target),
 * divided by its sum.
 *
 * Profiles of many snapshots are nearly dependent, so A is badly conditioned. Profiles are scaled to unit length, A is
 * factored by Cholesky with pivoting (a snapshot that adds nothing beyond rounding gets weight 0), and the solution is
 * refined with residuals in twice the working precision.
 *
 * Differs from the paper: Algorithm 3 does not divide by the sum; doing so keeps an average of equal parameters equal to
 * them, at no measurable cost in `profileError`.
 *
 * @param stored - profiles of the averages at hand, gamma ≥ 0 and t > 0 each; one or more.
 * @param target - the profile wanted; where it ends after every stored one, they can only come near it.
 * @throws {RangeError} when `stored` is empty, a profile is out of range, or the target weights no time that is stored.
 * @see Karras et al. 2024, Algorithm 3, eq. 148–151.
 */
export function synthesisWeights(stored: readonly Profile[], target: Profile): Synthesis {
  return prepareSynthesis(stored)(target);
}

/** `synthesisWeights` for several targets from the same stored averages: the matrix is factored once. */
export function prepareSynthesis(stored: readonly Profile[]): (target: Profile) => Synthesis {
  if (stored.length === 0)
    throw new RangeError(
      'synthesisWeights: expected one or more stored profiles, got none. Store averages in training.',
    );
  for (const profile of stored) assertProfile('synthesisWeights', profile);
  const n = stored.length;
  const lengths = Float64Array.from(stored, (profile) => Math.sqrt(profileDot(profile, profile)));
  const gram = new Float64Array(n * n);
  stored.forEach((a, i) => {
    stored.forEach((b, j) => {
      gram[i * n + j] = i === j ? 1 : profileDot(a, b) / ((lengths[i] as number) * (lengths[j] as number));
    });
  });
  const factors = pivotedCholesky(gram, n);
  const conditionNumber = conditionOf(gram, factors);

  return (target) => {
    assertProfile('synthesisWeights', target);
    const targetLength = Math.sqrt(profileDot(target, target));
    const b = Float64Array.from(stored, (p, i) => profileDot(p, target) / ((lengths[i] as number) * targetLength));
    const { x, residual } = solveRefined(gram, factors, b);
    const raw = x.map((value, i) => (value * targetLength) / (lengths[i] as number));
    const sum = raw.reduce((total, value) => total + value, 0);
    if (!(Math.abs(sum) > Number.EPSILON))
      throw new RangeError(
        `synthesisWeights: expected a target that overlaps the stored profiles, got gamma = ${target.gamma}, t = ${target.t} with weights that sum to ${sum}. Move t to a stored time, or lengthen the average.`,
      );
    const weights = raw.map((value) => value / sum);
    const scaled = x.map((value) => value / sum);
    return {
      weights,
      profileError: distance(gram, scaled, b),
      residual,
      conditionNumber,
      sumAbs: weights.reduce((total, value) => total + Math.abs(value), 0),
      norm: Math.sqrt(weights.reduce((total, value) => total + value * value, 0)),
    };
  };
}

/** `‖p_target − Σ zᵢ pᵢ‖` over profiles of unit length: `1 − zᵀb − zᵀ(b − A z)`, never below 0 for rounding. */
function distance(gram: Float64Array, z: Float64Array, b: Float64Array): number {
  const rest = residualOf(gram, z, b);
  let squared = 1;
  for (let i = 0; i < z.length; i++) squared -= (z[i] as number) * ((b[i] as number) + (rest[i] as number));
  return Math.sqrt(Math.max(squared, 0));
}
