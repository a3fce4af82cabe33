import { createCadence, type Pending } from './cadence.js';
import { assertSameNames, leavesOf, mapTree, type Tree } from './tree.js';

/** A leaf that a tracker averages. */
export type Values = Float32Array | Float64Array;

/** Where training stands when an average takes in the parameters. */
export interface EmaTime {
  /** Training time after the step, > 0 (EDM2: images seen). */
  readonly t: number;
  /** Training time since the last update, 0 < dt ≤ t; every step: the batch size; every k-th step: k batches. */
  readonly dt: number;
}

/** The part of the new parameters in an average after an update. */
export type Share = (t: number, dt: number) => number;

/** Averages by name; undefined before the first update. */
export interface AveragesState<T> {
  readonly tracks: Readonly<Record<string, T>> | undefined;
  /** Empty arrays in the kinds of the tree, in which averages of plain arrays come back; left out, the kinds are those of `tracks`. */
  readonly kinds?: T | undefined;
  /** Calls of `update` that were not taken in yet, and their time; absent when there are none. */
  readonly pending?: Pending;
}

/** Running averages of one tree, by name: what the trackers of plain arrays are made of. */
export interface Averages<T> {
  update(tree: T, time: EmaTime): void;
  values(name: string): T;
  state(): AveragesState<T>;
  restore(state: AveragesState<T>): void;
}

const isValues = (value: unknown): value is Values => value instanceof Float32Array || value instanceof Float64Array;

/**
 * Averages in float64, each moved by its own share at an update; the first update sets them to the parameters.
 *
 * @param fn - for errors.
 * @param shares - by the name of the average.
 */
export function createAverages<T extends Tree<Values>>(
  fn: string,
  shares: ReadonlyMap<string, Share>,
  updateEvery: number,
): Averages<T> {
  let tracks: Map<string, Tree<Values>> | undefined;
  let kinds: T | undefined;
  const cadence = createCadence(fn, updateEvery);
  const copy = (tree: Tree<Values>) => mapTree(fn, isValues, tree, (x) => x.slice() as Values) as T;
  const wide = (tree: Tree<Values>) => mapTree(fn, isValues, tree, (x) => Float64Array.from(x) as Values);
  const kindsOf = (tree: Tree<Values>) => mapTree(fn, isValues, tree, (x) => x.slice(0, 0) as Values) as T;

  return {
    update(tree, time) {
      const dt = tracks === undefined ? time.dt : cadence.due(time);
      if (dt === undefined) return;
      const incoming = leavesOf(`${fn}.update`, isValues, tree);
      const moved = new Map([...shares].map(([name, share]) => [name, share(time.t, dt)]));
      if (tracks === undefined) {
        tracks = new Map([...shares.keys()].map((name) => [name, wide(tree)]));
        kinds = kindsOf(tree);
        return;
      }
      const averages = [...tracks].map(([name, track]) => [name, leavesOf(`${fn}.update`, isValues, track)] as const);
      for (const [, leaves] of averages) {
        assertSameNames(`${fn}.update`, leaves.keys(), incoming);
        for (const [name, ema] of leaves) assertLength(fn, name, ema.length, incoming.get(name)?.length);
      }
      for (const [name, leaves] of averages)
        for (const [path, ema] of leaves) lerp(ema, incoming.get(path) ?? ema, moved.get(name) ?? Number.NaN);
    },
    values(name) {
      const track = tracks?.get(name);
      if (!track)
        throw new RangeError(`${fn}.values: expected an update before, got none. Call update(tree, { t, dt }) first.`);
      const like = kinds && leavesOf(`${fn}.values`, isValues, kinds);
      return mapTree(`${fn}.values`, isValues, track, (x, path) =>
        like?.get(path) instanceof Float32Array ? Float32Array.from(x) : (x.slice() as Values),
      ) as T;
    },
    state: () => ({
      ...cadence.state(),
      tracks: tracks && Object.fromEntries([...tracks].map(([name, track]) => [name, copy(track)])),
      kinds: kinds && kindsOf(kinds),
    }),
    restore(state) {
      cadence.restore(state.pending);
      tracks = state.tracks && new Map(Object.entries(state.tracks).map(([name, track]) => [name, wide(track)]));
      const like = state.kinds ?? Object.values(state.tracks ?? {})[0];
      kinds = like && kindsOf(like);
    },
  };
}

function assertLength(fn: string, name: string, expected: number, actual: number | undefined): void {
  if (expected !== actual)
    throw new RangeError(
      `${fn}.update: expected ${expected} values at ${name}, got ${actual}. Pass the same tree at every update.`,
    );
}

function lerp(ema: Values, incoming: Values, share: number): void {
  for (let i = 0; i < ema.length; i++) {
    const value = ema[i] as number;
    ema[i] = value + share * ((incoming[i] as number) - value);
  }
}
