import { known, type OptionNames } from '@edm2/options';
import { sigmaRelToGamma } from './profile.js';
import { prepareSynthesis, SYNTHESIS_OPTIONS, type Synthesis, type SynthesisOptions } from './synthesis.js';

/** Relative lengths worth asking for: from a hundredth of training to nearly its plain mean. */
export const USEFUL_SIGMA_RELS: readonly number[] = [
  0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25,
];

/** A run as it could store its averages. */
export interface PlanOptions extends SynthesisOptions {
  /** Length of training, > 0, in the unit of all times (EDM2: images). */
  readonly duration: number;
  /** Number of moments at which the averages are stored, evenly spaced, the last at the end; an integer ≥ 1. */
  readonly snapshots: number;
  /** Relative lengths tracked, each in (0, 0.2887); default [0.05, 0.10]. */
  readonly sigmaRels?: readonly number[];
  /** Relative lengths to predict; default `USEFUL_SIGMA_RELS`. */
  readonly targets?: readonly number[];
  /** Moment of the averages to predict, 0 < t ≤ duration; default the end. */
  readonly t?: number;
  /** Numbers in one copy of the network; with it, `bytes` is filled in. */
  readonly parameters?: number;
  /** Bytes per stored number; default 2 (float16). */
  readonly bytesPerValue?: number;
}

/** What such a run will allow afterwards. */
export interface Plan {
  /** One row per target. */
  readonly rows: readonly PlanRow[];
  /** Files that the run writes: snapshots × tracked lengths. */
  readonly files: number;
  /** Disk space of those files in bytes; undefined without `parameters`. */
  readonly bytes: number | undefined;
}

/** What is to be expected of one reconstructed length. */
export interface PlanRow extends Omit<Synthesis, 'weights'> {
  readonly sigmaRel: number;
}

const OPTIONS: OptionNames<PlanOptions> = {
  duration: true,
  snapshots: true,
  sigmaRels: true,
  targets: true,
  t: true,
  parameters: true,
  bytesPerValue: true,
  ...SYNTHESIS_OPTIONS,
};

/**
 * Predicts, before a run, how well any length of average can be reconstructed from the snapshots it would store.
 *
 * @throws {RangeError} when a number is out of its range, or an option is unknown.
 */
export function planSnapshots(options: PlanOptions): Plan {
  const {
    duration,
    snapshots,
    sigmaRels = [0.05, 0.1],
    targets = USEFUL_SIGMA_RELS,
  } = known('planSnapshots', options, OPTIONS);
  const { t = duration, parameters, bytesPerValue = 2, normalize, roundoff } = options;
  if (!(duration > 0 && Number.isFinite(duration)))
    throw new RangeError(
      `planSnapshots: expected duration > 0, got ${duration}. Give the length of training in images.`,
    );
  if (!(Number.isInteger(snapshots) && snapshots >= 1))
    throw new RangeError(`planSnapshots: expected a whole number of snapshots ≥ 1, got ${snapshots}.`);
  if (!(t > 0 && t <= duration)) throw new RangeError(`planSnapshots: expected 0 < t ≤ ${duration}, got ${t}.`);
  const gammas = sigmaRels.map(sigmaRelToGamma);
  const stored = Array.from({ length: snapshots }, (_, i) => ((i + 1) / snapshots) * duration)
    .filter((time) => time <= t)
    .flatMap((time) => gammas.map((gamma) => ({ gamma, t: time })));
  if (stored.length === 0)
    throw new RangeError(
      `planSnapshots: expected a snapshot at or before t = ${t}, got the first at ${duration / snapshots}. Store more often, or ask for a later t.`,
    );
  const files = snapshots * sigmaRels.length;
  return {
    rows: predict(stored, targets, t, { normalize, roundoff }),
    files,
    bytes: parameters === undefined ? undefined : files * parameters * bytesPerValue,
  };
}

/** Predicted quality of each relative length at time `t` from stored profiles. */
export function predict(
  stored: readonly { readonly gamma: number; readonly t: number }[],
  targets: readonly number[],
  t: number,
  options: SynthesisOptions = {},
): PlanRow[] {
  const synthesise = prepareSynthesis(stored, options);
  return targets.map((sigmaRel) => {
    const { weights: _, ...quality } = synthesise({ gamma: sigmaRelToGamma(sigmaRel), t });
    return { sigmaRel, ...quality };
  });
}
