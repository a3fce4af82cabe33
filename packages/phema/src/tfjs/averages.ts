import type { Params } from '@edm2/tensor-files/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import type { Averages } from '../averages.js';
import { createCadence } from '../cadence.js';
import { assertSameNames, leavesOf, mapTree, type Tree } from '../tree.js';
import type { Average } from './average.js';
import type { Tracks } from './ema-step.js';

/** Which averages there are. */
export interface TensorAveragesOptions {
  readonly averages: readonly Average[];
  /** Throws a RangeError when t or dt is out of range. */
  readonly check: (t: number, dt: number) => void;
  readonly updateEvery: number;
}

/** Running averages of one tree of tensors, owned until `dispose`. */
export interface TensorAverages<T> extends Averages<T> {
  dispose(): void;
}

const isTensor = (value: unknown): value is tf.Tensor => value instanceof tf.Tensor;

/** What the trackers of tensors are made of; the first update sets every average to the parameters. */
export function createTensorAverages<T extends Tree<tf.Tensor>>(
  fn: string,
  { averages, check, updateEvery }: TensorAveragesOptions,
): TensorAverages<T> {
  const cadence = createCadence(fn, updateEvery);
  let structure: Tree<tf.Tensor> | undefined;
  let tracks: Tracks | undefined;

  const replace = (next: Tracks | undefined) => {
    const old = tracks;
    // The averages outlive any tf.tidy that the caller updates in.
    if (next) for (const track of Object.values(next)) for (const tensor of Object.values(track)) tf.keep(tensor);
    tracks = next;
    tf.dispose(old ?? []);
  };
  const flatten = (tree: Tree<tf.Tensor>): Params => Object.fromEntries(leavesOf(fn, isTensor, tree));
  const clones = (params: Params): Params =>
    Object.fromEntries(Object.entries(params).map(([name, x]) => [name, tf.clone(x)]));
  const nested = (track: Params): T =>
    mapTree(fn, isTensor, structure ?? {}, (_, path) => tf.clone(track[path] as tf.Tensor)) as T;

  return {
    update(tree, time) {
      const dt = tracks === undefined ? time.dt : cadence.due(time);
      if (dt === undefined) return;
      const params = flatten(tree);
      check(time.t, dt);
      const first = Object.values(tracks ?? {})[0];
      if (first) assertSameNames(`${fn}.update`, Object.keys(first), new Map(Object.entries(params)));
      structure = tree;
      const old = tracks;
      replace(
        Object.fromEntries(
          averages.map(({ name, step }) => [
            name,
            // Without a past, an average is the parameters, whatever its length.
            old ? step(old[name] ?? {}, params, { t: time.t, dt }) : clones(params),
          ]),
        ),
      );
    },
    values(name) {
      const track = tracks?.[name];
      if (!track)
        throw new RangeError(`${fn}.values: expected an update before, got none. Call update(tree, { t, dt }) first.`);
      return nested(track);
    },
    state: () => ({
      ...cadence.state(),
      tracks: tracks && Object.fromEntries(Object.entries(tracks).map(([name, track]) => [name, nested(track)])),
    }),
    restore(state) {
      cadence.restore(state.pending);
      structure = state.tracks && Object.values(state.tracks)[0];
      replace(
        state.tracks &&
          Object.fromEntries(Object.entries(state.tracks).map(([name, tree]) => [name, clones(flatten(tree))])),
      );
    },
    dispose() {
      structure = undefined;
      replace(undefined);
    },
  };
}
