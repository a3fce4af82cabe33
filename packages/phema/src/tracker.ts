import { createCadence, type Pending } from './cadence.js';
import { powerEmaShare, sigmaRelToGamma } from './profile.js';
import { assertSameNames, leavesOf, mapTree, type Tree } from './tree.js';

/** A leaf that the tracker averages. */
export type Values = Float32Array | Float64Array;

/** Where training stands when an average takes in the parameters. */
export interface EmaTime {
  /** Training time after the step, > 0 (EDM2: images seen). */
  readonly t: number;
  /** Training time since the last update, 0 < dt ≤ t; every step: the batch size; every k-th step: k batches. */
  readonly dt: number;
}

/** What a tracker needs to go on later: the averages, by `String(sigmaRel)`; undefined before the first update. */
export interface PowerEmaState<T> {
  readonly tracks: Readonly<Record<string, T>> | undefined;
  /** Calls of `update` that were not taken in yet, and their time; absent when there are none. */
  readonly pending?: Pending;
}

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

const isValues = (value: unknown): value is Values => value instanceof Float32Array || value instanceof Float64Array;

/**
 * Tracks power-function averages of plain arrays, each in float64 (8 bytes a value): late in training an update moves a
 * weight by less than float32 can add to it.
 *
 * @param options - `sigmaRels`: the relative lengths to track, default [0.05, 0.10] as EDM2 stores.
 * @throws {RangeError} when a length is outside (0, 0.2887) or given twice, or updateEvery is no whole number ≥ 1.
 * @see Karras et al. 2024, eq. 127.
 */
export function createPowerEma<T extends Tree<Values> = Tree<Values>>({
  sigmaRels = [0.05, 0.1],
  updateEvery = 1,
}: PowerEmaOptions = {}): PowerEma<T> {
  const gammas = gammasOf('createPowerEma', sigmaRels);
  let tracks: Map<string, Tree<Values>> | undefined;
  let kind: Tree<Values> | undefined;
  const cadence = createCadence('createPowerEma', updateEvery);
  const copy = (tree: Tree<Values>) => mapTree('createPowerEma', isValues, tree, (x) => x.slice() as Values) as T;

  return {
    update(tree, time) {
      const dt = tracks === undefined ? time.dt : cadence.due(time);
      if (dt === undefined) return;
      const { t } = time;
      const incoming = leavesOf('createPowerEma.update', isValues, tree);
      const shares = new Map([...gammas].map(([key, gamma]) => [key, powerEmaShare(gamma, t, dt)]));
      if (tracks === undefined) {
        tracks = new Map(
          [...gammas.keys()].map((key) => [
            key,
            mapTree('createPowerEma', isValues, tree, (x) => Float64Array.from(x) as Values),
          ]),
        );
        kind = mapTree('createPowerEma', isValues, tree, (x) => x.subarray(0, 0) as Values);
        return;
      }
      const averages = [...tracks].map(
        ([key, track]) => [key, leavesOf('createPowerEma.update', isValues, track)] as const,
      );
      for (const [, leaves] of averages) {
        assertSameNames('createPowerEma.update', leaves.keys(), incoming);
        for (const [name, ema] of leaves) assertLength(name, ema.length, incoming.get(name)?.length);
      }
      kind ??= mapTree('createPowerEma', isValues, tree, (x) => x.subarray(0, 0) as Values);
      for (const [key, leaves] of averages)
        for (const [name, ema] of leaves) lerp(ema, incoming.get(name) ?? ema, shares.get(key) ?? Number.NaN);
    },
    values(sigmaRel) {
      const track = tracks?.get(trackKey('createPowerEma.values', gammas, sigmaRel));
      if (!track)
        throw new RangeError(
          'createPowerEma.values: expected an update before, got none. Call update(tree, { t, dt }) first.',
        );
      const kinds = kind === undefined ? undefined : leavesOf('createPowerEma.values', isValues, kind);
      return mapTree('createPowerEma.values', isValues, track, (x, path) => {
        const like = kinds?.get(path);
        return like instanceof Float64Array ? Float64Array.from(x) : Float32Array.from(x);
      }) as T;
    },
    state: () => ({
      ...cadence.state(),
      tracks: tracks && Object.fromEntries([...tracks].map(([key, track]) => [key, copy(track)])),
    }),
    restore(state) {
      assertSameTracks('createPowerEma.restore', gammas, state);
      cadence.restore(state.pending);
      tracks =
        state.tracks &&
        new Map(
          Object.entries(state.tracks).map(([key, track]) => [
            key,
            mapTree('createPowerEma.restore', isValues, track, (x) => Float64Array.from(x) as Values),
          ]),
        );
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

function assertLength(name: string, expected: number, actual: number | undefined): void {
  if (expected !== actual)
    throw new RangeError(
      `createPowerEma.update: expected ${expected} values at ${name}, got ${actual}. Pass the same tree at every update.`,
    );
}

function lerp(ema: Values, incoming: Values, share: number): void {
  for (let i = 0; i < ema.length; i++) {
    const value = ema[i] as number;
    ema[i] = value + share * ((incoming[i] as number) - value);
  }
}
