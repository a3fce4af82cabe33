import { sigmaRelToGamma } from '../profile.js';
import type { StoredProfile } from '../sparse-updates.js';
import { prepareSynthesis, type Synthesis, type SynthesisOptions } from '../synthesis.js';
import { roundoffOf } from './float-type.js';
import { OptionError } from './option-error.js';
import type { Snapshot } from './snapshot.js';
import type { SnapshotSet } from './snapshots.js';
import { type AskedTime, type FoundTime, findTime, nearestInWords } from './stored-time.js';

/** Where rounding of the stored numbers, amplified by the weights, is worth a warning: relative to the weights' size. */
const STORAGE_WARNING = 1e-3;

/** Beyond this the reconstructed average is of another profile than the one asked for. */
export const PROFILE_WARNING = 0.1;

/**
 * Profile error beyond which an average is refused unless it is forced: no average at all, weights of zero, has an error of 1, and this is
 * nine tenths of the way there.
 */
export const MAX_PROFILE_ERROR = 0.9;

/**
 * The same at a time that is not stored, where a better one is at hand: √½. The square of the error is the share of the profile that is
 * missing; beyond this, more than half of it is.
 */
const MAX_ERROR_BETWEEN = Math.SQRT1_2;

/** Which snapshots make an average at time t. */
export interface Selection extends FoundTime {
  /** Those stored at t or before. */
  readonly snapshots: readonly Snapshot[];
  /** Profile error beyond which averages at this time are refused. */
  readonly maxProfileError: number;
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

/** How to choose and weigh snapshots. */
export interface SelectOptions extends AskedTime, SynthesisOptions {}

/**
 * Chooses the snapshots for averages at a time.
 *
 * @param fn - who asks, for messages.
 * @param options - the time, default the last stored; whether weights are divided by their sum.
 * @throws {OptionError} when the time is outside the stored ones, or two of them have the label.
 */
export function selectSnapshots(
  fn: string,
  set: Pick<SnapshotSet, 'snapshots' | 'times' | 'unit' | 'dtype'>,
  { t, kimg, normalize }: SelectOptions = {},
): Selection {
  const time = findTime(fn, set.times, set.unit, { t, kimg });
  const snapshots = set.snapshots.filter(({ nimg }) => nimg <= time.t);
  const stored = snapshots.map(({ profile }): StoredProfile => profile);
  const roundoff = roundoffOf(set.dtype);
  const synthesise = prepareSynthesis(stored, { normalize, roundoff });
  return {
    ...time,
    snapshots,
    maxProfileError: time.isStored ? MAX_PROFILE_ERROR : MAX_ERROR_BETWEEN,
    synthesise(sigmaRel) {
      const synthesis = synthesise({ gamma: sigmaRelToGamma(sigmaRel), t: time.t });
      const storageError = roundoff * synthesis.norm;
      return { ...synthesis, storageError, warnings: warningsOf(sigmaRel, synthesis, storageError, set, time) };
    },
  };
}

/**
 * Refuses lengths that the snapshots cannot give.
 *
 * @throws {OptionError} when a profile would be off by more than the selection's `maxProfileError`.
 */
export function assertReachable(
  fn: string,
  set: Pick<SnapshotSet, 'unit' | 'sigmaRels'>,
  selection: Selection,
  sigmaRels: readonly number[],
): void {
  const beyond = sigmaRels.flatMap((sigmaRel) => {
    const { profileError } = selection.synthesise(sigmaRel);
    return profileError > selection.maxProfileError ? [`${sigmaRel} by ${percent(profileError)}`] : [];
  });
  if (beyond.length === 0) return;
  const time = `${selection.t.toLocaleString('en-US')} ${set.unit}`;
  const limit = percent(selection.maxProfileError);
  throw new OptionError((option) =>
    selection.isStored
      ? [
          `${fn}: expected lengths that the ${selection.snapshots.length} snapshots reproduce within ${limit},`,
          `got some beyond that: ${beyond.join(', ')}.`,
          `Choose lengths nearer to those tracked (${set.sigmaRels.join(', ')}); ${option('force')} makes them anyway.`,
        ].join(' ')
      : [
          `${fn}: expected a time whose averages the snapshots reproduce within ${limit} of their profile,`,
          `got ${time}, which is not stored, with lengths beyond that: ${beyond.join(', ')}.`,
          `The nearest stored times are ${nearestInWords(selection)}: give one as ${option('t')};`,
          `${option('force')} makes them anyway.`,
        ].join(' '),
  );
}

function warningsOf(
  sigmaRel: number,
  synthesis: Synthesis,
  storageError: number,
  { dtype, unit }: Pick<SnapshotSet, 'dtype' | 'unit'>,
  time: FoundTime,
): string[] {
  const warnings: string[] = [];
  if (synthesis.profileError > PROFILE_WARNING) {
    const reason = time.isStored
      ? 'more snapshots or another tracked length would help'
      : `${time.t.toLocaleString('en-US')} ${unit} is not a stored time; the nearest are ${nearestInWords(time)}`;
    const off = `${percent(synthesis.profileError)} off in profile`;
    warnings.push(`sigmaRel ${sigmaRel}: the snapshots allow only an approximation, ${off}; ${reason}`);
  }
  // An average that is one of the stored ones has no more rounding than that one.
  if (storageError > STORAGE_WARNING && synthesis.sumAbs > 1.01) {
    const share = `about ${storageError.toExponential(0)} of each weight`;
    const amplified = `rounding amplified ${synthesis.norm.toFixed(1)}×`;
    const finer = dtype === 'F32' ? 'float64' : 'float32';
    const remedy = dtype === 'F64' ? '' : `; store ${finer} for such lengths`;
    warnings.push(`sigmaRel ${sigmaRel}: storage as ${dtype} limits the result to ${share} (${amplified})${remedy}`);
  }
  return warnings;
}

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;
