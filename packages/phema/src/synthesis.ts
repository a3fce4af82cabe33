import { known, type OptionNames } from '@edm2/options';
import { conditionOf, pivotedCholesky, residualOf, solveRefined } from './linear-solve.js';
import { assertProfile, type Profile } from './profile.js';
import { type ProfileSpace, powerSpace, type TargetVector } from './profile-space.js';
import { type StoredProfile, sharedUpdateEvery, sparseSpace } from './sparse-updates.js';

/** How to form one average out of stored ones, and how well that works. */
export interface Synthesis {
  /** Weight of each stored average, in the order given; they sum to 1, unless `normalize` is false. */
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
  /** What the weights of Algorithm 3 sum to, before they are divided by it: 1 but for what the snapshots cannot give. */
  readonly weightSum: number;
  /** `Σ |wᵢ|` ≥ 1: by how much the weights amplify what is wrong with the stored averages. */
  readonly sumAbs: number;
  /** `√(Σ wᵢ²)`: the same for errors that are independent, such as the rounding of a storage format. */
  readonly norm: number;
}

/** How to form it. */
export interface SynthesisOptions {
  /**
   * Divide the weights by their sum, so that an average of equal parameters is equal to them. Default true; false gives the paper's
   * Algorithm 3 as it stands, which is nearer in profile by as much as the sum is off 1.
   */
  readonly normalize?: boolean | undefined;
  /**
   * Largest relative rounding of the stored numbers: 2⁻¹¹ as float16, 2⁻²⁴ as float32, which is the default. Averages that were updated
   * seldom (`updateEvery`) say so little of each other that the nearest profile may amplify it by thousands. Their weights are kept as
   * small as this rounding asks.
   */
  readonly roundoff?: number | undefined;
}

/** Names of them. */
export const SYNTHESIS_OPTIONS: OptionNames<SynthesisOptions> = { normalize: true, roundoff: true };

/**
 * How much rounding counts against the profile's error, since the weights' error is about so many times smaller than the profile's. Without
 * it the nearest profile amplifies float16's rounding ten-thousandfold: 700 % off at ema-pytorch's defaults, 0.7 % with it.
 */
const ROUNDING_COUNTS = 10;

/**
 * Weights that turn stored averages into the one nearest to `target`: the least-squares solution of
 * `Σ wᵢ pᵢ ≈ p_target` over profiles (solve `A x = b`, A the stored profiles' inner products, b theirs with the target),
 * divided by its sum.
 *
 * Profiles of many snapshots are nearly dependent, so A is badly conditioned. Profiles are scaled to unit length, A is
 * factored by Cholesky with pivoting (a snapshot that adds nothing beyond rounding gets weight 0), and the solution is
 * refined with residuals in twice the working precision.
 *
 * Differs from the paper: the weights are divided by their sum, which Algorithm 3 does not do, because only then a tensor that did not change
 * in training (a buffer, a constant) is its own average. `normalize: false` leaves the weights as they are.
 *
 * @param stored - profiles of the averages at hand, gamma ≥ 0 and t > 0 each; one or more.
 * @param target - the profile wanted; where it ends after every stored one, they can only come near it.
 * @param options - `normalize`, default true.
 * @throws {RangeError} when `stored` is empty, a profile is out of range, or the target gives no weight to the stored times.
 * @see Karras et al. 2024, Algorithm 3, eq. 148–151.
 */
export function synthesisWeights(
  stored: readonly StoredProfile[],
  target: Profile,
  options: SynthesisOptions = {},
): Synthesis {
  return prepareSynthesis(stored, options)(target);
}

/** `synthesisWeights` for several targets from the same stored averages: the matrix is factored once. */
export function prepareSynthesis(
  stored: readonly StoredProfile[],
  options: SynthesisOptions = {},
): (target: Profile) => Synthesis {
  known('synthesisWeights', options, SYNTHESIS_OPTIONS);
  const { gram, lengths, target: place } = spaceOf(stored);
  const fit = prepareFit(gram, lengths, isSparse(stored), options);
  return (target) => {
    assertProfile('synthesisWeights', target);
    return fit(place(target), `gamma = ${target.gamma}, t = ${target.t}`);
  };
}

/**
 * Weights that turn some stored averages into another of them, as if it were not known.
 *
 * @param stored - as for `synthesisWeights`.
 * @returns of the places of some averages in `stored`, and of the one wanted: weights in the order of the former.
 */
export function prepareRecall(
  stored: readonly StoredProfile[],
  options: SynthesisOptions = {},
): (others: readonly number[], left: number) => Synthesis {
  const { gram, lengths } = spaceOf(stored);
  const n = stored.length;
  const at = (i: number, j: number): number => gram[i * n + j] as number;
  return (others, left) => {
    const part = Float64Array.from(others.flatMap((i) => others.map((j) => at(i, j))));
    const dots = Float64Array.from(others, (i) => at(i, left));
    const length = lengths[left] as number;
    const some = Float64Array.from(others, (i) => lengths[i] as number);
    const fit = prepareFit(part, some, isSparse(stored), options);
    return fit({ dots, length, unseen: 0 }, `gamma = ${stored[left]?.gamma}, t = ${stored[left]?.t}`);
  };
}

function spaceOf(stored: readonly StoredProfile[]): ProfileSpace {
  if (stored.length === 0)
    throw new RangeError(
      'synthesisWeights: expected one or more stored profiles, got none. Store averages in training.',
    );
  for (const profile of stored) assertProfile('synthesisWeights', profile);
  const every = sharedUpdateEvery(stored);
  return every > 1 ? sparseSpace(stored, every) : powerSpace(stored);
}

const isSparse = (stored: readonly StoredProfile[]): boolean => (stored[0]?.updateEvery ?? 1) > 1;

/** Factors the matrix: once for several targets, or for each, where rounding counts. */
function prepareFit(
  gram: Float64Array,
  lengths: Float64Array,
  sparse: boolean,
  { normalize = true, roundoff = 2 ** -24 }: SynthesisOptions,
) {
  const n = lengths.length;
  const factored = (matrix: Float64Array) => {
    const factors = pivotedCholesky(matrix, n);
    return { matrix, factors, conditionNumber: conditionOf(matrix, factors) };
  };
  const plain = sparse ? undefined : factored(gram);
  /** With the square of the weights' rounding on the diagonal. */
  const damped = (length: number) => {
    const matrix = gram.slice();
    for (let i = 0; i < n; i++)
      matrix[i * n + i] = 1 + ((ROUNDING_COUNTS * roundoff * length) / (lengths[i] as number)) ** 2;
    return factored(matrix);
  };
  return ({ dots, length, unseen }: TargetVector, name: string): Synthesis => {
    const { matrix, factors, conditionNumber } = plain ?? damped(length);
    const { x, residual } = solveRefined(matrix, factors, dots);
    const raw = x.map((value, i) => (value * length) / (lengths[i] as number));
    const weightSum = raw.reduce((total, value) => total + value, 0);
    if (!(Math.abs(weightSum) > Number.EPSILON))
      throw new RangeError(
        `synthesisWeights: expected a target that overlaps the stored profiles, got ${name} with weights that sum to ${weightSum}. Move t to a stored time, or lengthen the average.`,
      );
    const divisor = normalize ? weightSum : 1;
    const weights = raw.map((value) => value / divisor);
    const scaled = x.map((value) => value / divisor);
    return {
      weights,
      profileError: Math.hypot(distance(gram, scaled, dots), unseen),
      residual,
      conditionNumber,
      weightSum,
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
