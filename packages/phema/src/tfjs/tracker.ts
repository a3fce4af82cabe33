import * as tf from '@tensorflow/tfjs-core';
import { createCadence } from '../cadence.js';
import { powerEmaShare } from '../profile.js';
import {
  assertSameTracks,
  type EmaTime,
  gammasOf,
  type PowerEmaOptions,
  type PowerEmaState,
  trackKey,
} from '../tracker.js';
import { assertSameNames, leavesOf, mapTree, type Tree } from '../tree.js';
import { emaStep, type Params } from './ema-step.js';

/**
 * Running power-function averages of one tree of tensors; owns its averages until `dispose`.
 *
 * @typeParam T - type of that tree: `createPowerEma<typeof params>()` gives averages of params' own type.
 */
export interface TensorPowerEma<T extends Tree<tf.Tensor> = Tree<tf.Tensor>> {
  /**
   * Takes in the parameters at time `t`; the tree itself is neither kept nor disposed. The first update sets every
   * average to the parameters.
   *
   * @throws {RangeError} when dt is not in (0, t], or the tree differs from the first one in names or shapes.
   */
  update(tree: T, time: EmaTime): void;
  /** One average as new tensors, the caller's to dispose. @throws {RangeError} when untracked, or before an update. */
  values(sigmaRel: number): T;
  /** All averages as new tensors, the caller's to dispose. */
  state(): PowerEmaState<T>;
  /** Replaces all averages by copies of a state's, which stays the caller's. */
  restore(state: PowerEmaState<T>): void;
  /** Frees the averages; the next update begins anew. */
  dispose(): void;
}

const isTensor = (value: unknown): value is tf.Tensor => value instanceof tf.Tensor;

/**
 * The tracker of `@edm2/phema` on tensors, on whatever backend they live: float32, one tensor per parameter and length.
 *
 * @param options - `sigmaRels`: relative lengths in (0, 0.2887), default [0.05, 0.10].
 * @throws {RangeError} when a length is out of range or given twice.
 * @see Karras et al. 2024, eq. 127.
 */
export function createPowerEma<T extends Tree<tf.Tensor> = Tree<tf.Tensor>>({
  sigmaRels = [0.05, 0.1],
  updateEvery = 1,
}: PowerEmaOptions = {}): TensorPowerEma<T> {
  const gammas = gammasOf('createPowerEma', sigmaRels);
  const cadence = createCadence('createPowerEma', updateEvery);
  let structure: Tree<tf.Tensor> | undefined;
  let tracks: Record<string, Params> | undefined;

  const replace = (next: Record<string, Params> | undefined) => {
    const old = tracks;
    // The averages outlive any tf.tidy that the caller updates in.
    if (next) for (const track of Object.values(next)) for (const tensor of Object.values(track)) tf.keep(tensor);
    tracks = next;
    tf.dispose(old ?? []);
  };
  const flatten = (tree: Tree<tf.Tensor>): Params => Object.fromEntries(leavesOf('createPowerEma', isTensor, tree));
  const clones = (params: Params): Params =>
    Object.fromEntries(Object.entries(params).map(([name, x]) => [name, tf.clone(x)]));
  const nested = (track: Params): T =>
    mapTree('createPowerEma', isTensor, structure ?? {}, (_, path) => tf.clone(track[path] as tf.Tensor)) as T;

  return {
    update(tree, time) {
      const dt = tracks === undefined ? time.dt : cadence.due(time);
      if (dt === undefined) return;
      const { t } = time;
      const params = flatten(tree);
      for (const gamma of gammas.values()) powerEmaShare(gamma, t, dt);
      const first = Object.values(tracks ?? {})[0];
      if (first) assertSameNames('createPowerEma.update', Object.keys(first), new Map(Object.entries(params)));
      structure = tree;
      replace(
        tracks
          ? emaStep(tracks, params, t, dt)
          : Object.fromEntries([...gammas.keys()].map((key) => [key, clones(params)])),
      );
    },
    values(sigmaRel) {
      const track = tracks?.[trackKey('createPowerEma.values', gammas, sigmaRel)];
      if (!track)
        throw new RangeError(
          'createPowerEma.values: expected an update before, got none. Call update(tree, { t, dt }) first.',
        );
      return nested(track);
    },
    state: () => ({
      ...cadence.state(),
      tracks: tracks && Object.fromEntries(Object.entries(tracks).map(([key, track]) => [key, nested(track)])),
    }),
    restore(state) {
      assertSameTracks('createPowerEma.restore', gammas, state);
      cadence.restore(state.pending);
      structure = state.tracks && Object.values(state.tracks)[0];
      replace(
        state.tracks &&
          Object.fromEntries(Object.entries(state.tracks).map(([key, tree]) => [key, clones(flatten(tree))])),
      );
    },
    dispose() {
      structure = undefined;
      replace(undefined);
    },
  };
}
