import { known } from '@edm2/options';
import { type AveragesState, createAverages, type EmaTime, type Values } from './averages.js';
import { powerEmaShare, sigmaRelToGamma } from './profile.js';
import type { Tree } from './tree.js';

/** What a tracker needs to go on later: the averages, by `String(sigmaRel)`; undefined before the first update. */
export type PowerEmaState<T> = AveragesState<T>;

/** Which averages a tracker keeps. */
export interface PowerEmaOptions {
  /** Relative lengths, each in (0, 0.2887), no two alike; two of them allow reconstructing any other afterwards. */
  readonly sigmaRels?: readonly number[];
  /**
   * Take in the parameters at every k-th call of `update` only, with the time of all k: k times less work, and the profile stays
   * exactly the same. Default 1.
   */
  readonly updateEvery?: number;
}

/**
 * Running power-function averages of one tree of parameters.
 *
 * @typeParam T - type of that tree: `createPowerEma<typeof weights>()` gives averages of weights' own type.
 */
export interface PowerEma<T extends Tree<Values> = Tree<Values>> {
  /**
   * Takes in the parameters at time `t`: `ema ← ema + (1 − β)(θ − ema)`, β of `powerEmaBeta`. The first update sets every
   * average to the parameters themselves, as if they had never been different.
   *
   * @throws {RangeError} when dt is not in (0, t], or the tree differs from the first one in names or lengths.
   */
  update(tree: T, time: EmaTime): void;
  /**
   * A copy of one average: the structure and array kinds of the tree that is being averaged.
   *
   * @throws {RangeError} when `sigmaRel` is not tracked, or before the first update.
   */
  values(sigmaRel: number): T;
  /** A copy of all averages at full precision: what `restore` takes. */
  state(): PowerEmaState<T>;
  /** Replaces all averages by copies of a state's. @throws {RangeError} when the state tracks other lengths. */
  restore(state: PowerEmaState<T>): void;
}

/**
 * Tracks power-function averages of plain arrays, each in float64 (8 bytes a value): late in training an update moves a
 * weight by less than float32 can add to it.
 *
 * @param options - `sigmaRels`: the relative lengths to track, default [0.05, 0.10] as EDM2 stores.
 * @throws {RangeError} when a length is outside (0, 0.2887) or given twice, or updateEvery is not a whole number ≥ 1.
 * @see Karras et al. 2024, eq. 127.
 */
export function createPowerEma<T extends Tree<Values> = Tree<Values>>(options: PowerEmaOptions = {}): PowerEma<T> {
  const { sigmaRels = [0.05, 0.1], updateEvery = 1 } = known('createPowerEma', options, {
    sigmaRels: true,
    updateEvery: true,
  });
  const gammas = gammasOf('createPowerEma', sigmaRels);
  const shares = new Map(
    [...gammas].map(([key, gamma]) => [key, (t: number, dt: number) => powerEmaShare(gamma, t, dt)]),
  );
  const averages = createAverages<T>('createPowerEma', shares, updateEvery);
  return {
    ...averages,
    values: (sigmaRel) => averages.values(trackKey('createPowerEma.values', gammas, sigmaRel)),
    restore(state) {
      assertSameTracks('createPowerEma.restore', gammas, state);
      averages.restore(state);
    },
  };
}

/** The exponents by track name. @throws {RangeError} when no length is given, or one twice, or one out of range. */
export function gammasOf(fn: string, sigmaRels: readonly number[]): Map<string, number> {
  const gammas = new Map(sigmaRels.map((sigmaRel) => [String(sigmaRel), sigmaRelToGamma(sigmaRel)]));
  if (gammas.size === 0 || gammas.size !== sigmaRels.length)
    throw new RangeError(
      `${fn}: expected one or more different sigmaRels, got [${sigmaRels.join(', ')}]. Name each length once.`,
    );
  return gammas;
}

/** @throws {RangeError} when no such length is tracked. */
export function trackKey(fn: string, gammas: ReadonlyMap<string, number>, sigmaRel: number): string {
  const key = String(sigmaRel);
  if (!gammas.has(key))
    throw new RangeError(
      `${fn}: expected one of the tracked sigmaRels ${[...gammas.keys()].join(', ')}, got ${key}. Other lengths are reconstructed from snapshots (synthesisWeights).`,
    );
  return key;
}

/** @throws {RangeError} when a state holds other lengths than the tracker. */
export function assertSameTracks(fn: string, gammas: ReadonlyMap<string, number>, state: PowerEmaState<unknown>): void {
  if (state.tracks === undefined) return;
  const keys = Object.keys(state.tracks);
  if (keys.length !== gammas.size || keys.some((key) => !gammas.has(key)))
    throw new RangeError(
      `${fn}: expected a state of sigmaRels ${[...gammas.keys()].join(', ')}, got ${keys.join(', ')}. Create the tracker with the state's lengths.`,
    );
}
