import { type Profile, sigmaRelToGamma } from '../profile.js';
import { prepareSynthesis, type Synthesis } from '../synthesis.js';
import { roundoffOf } from './float-type.js';
import type { Snapshot, SnapshotSet } from './snapshots.js';

/** Where rounding of the stored numbers, amplified by the weights, is worth a warning: relative to the weights' size. */
const STORAGE_WARNING = 1e-3;

/** Beyond this the reconstructed average is of another profile than the one asked for. */
const PROFILE_WARNING = 0.1;

/** Which snapshots make an average at time t. */
export interface Selection {
  readonly t: number;
  /** Those stored at t or before. */
  readonly snapshots: readonly Snapshot[];
  /** Weights and quality of one relative length. */
  synthesise(sigmaRel: number): Synthesis & StorageQuality;
}

/** What storing the averages in few bits does to a reconstruction. */
export interface StorageQuality {
  /** Largest relative error that rounding of the stored numbers can be expected to cause, amplified by the weights. */
  readonly storageError: number;
  /** What to be wary of. */
  readonly warnings: readonly string[];
}

/**
 * Chooses the snapshots for averages at time `t`.
 *
 * @param t - images seen, from the first stored time to the last; default the last.
 * @throws {RangeError} when t is outside the stored times.
 */
export function selectSnapshots(fn: string, set: SnapshotSet, t = set.times.at(-1) ?? 0): Selection {
  const [first = 0, last = 0] = [set.times[0], set.times.at(-1)];
  if (!(t >= first && t <= last))
    throw new RangeError(
      `${fn}: expected t from ${first} to ${last} images, the times stored, got ${t}. An average cannot reach beyond its snapshots.`,
    );
  const snapshots = set.snapshots.filter(({ nimg }) => nimg <= t);
  const synthesise = prepareSynthesis(snapshots.map(({ profile }): Profile => profile));
  return {
    t,
    snapshots,
    synthesise(sigmaRel) {
      const synthesis = synthesise({ gamma: sigmaRelToGamma(sigmaRel), t });
      const storageError = roundoffOf(set.dtype) * synthesis.norm;
      return { ...synthesis, storageError, warnings: warningsOf(sigmaRel, synthesis, storageError, set) };
    },
  };
}

function warningsOf(sigmaRel: number, synthesis: Synthesis, storageError: number, { dtype }: SnapshotSet): string[] {
  const warnings: string[] = [];
  if (synthesis.profileError > PROFILE_WARNING)
    warnings.push(
      `sigmaRel ${sigmaRel}: the snapshots allow only an approximation, ${percent(synthesis.profileError)} off in profile; more snapshots or another tracked length would help`,
    );
  // An average that is one of the stored ones has no more rounding than that one.
  if (storageError > STORAGE_WARNING && synthesis.sumAbs > 1.01)
    warnings.push(
      `sigmaRel ${sigmaRel}: storage as ${dtype} limits the result to about ${storageError.toExponential(0)} of each weight (rounding amplified ${synthesis.norm.toFixed(1)}×); store float32 for such lengths`,
    );
  return warnings;
}

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;
