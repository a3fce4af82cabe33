import * as tf from '@tensorflow/tfjs-core';
import type { TensorTree } from '../tree.js';

/** Deepest tree: a state has three levels, an optimizer of one's own may have a few more; a hostile file must not exhaust the stack. */
const MAX_DEPTH = 16;

/** Leaves of a tree by their path, `moments/first/unet.out_gain`, in the tree's order. */
export function toPaths(tree: TensorTree, prefix = ''): [string, tf.Tensor][] {
  return Object.entries(tree).flatMap(([key, value]): [string, tf.Tensor][] => {
    if (key === '' || key.includes('/'))
      throw new RangeError(`saveState: expected names without slashes, got '${key}' in ${prefix}. Rename it.`);
    return value instanceof tf.Tensor ? [[prefix + key, value]] : toPaths(value, `${prefix}${key}/`);
  });
}

/** Anything by path. */
export type PathTree<L> = { [name: string]: L | PathTree<L> };

/**
 * The tree of which these are the leaves; inverse of {@link toPaths}.
 *
 * @param file - for errors.
 * @throws {RangeError} when a path is also the beginning of another, or too deep.
 */
export function fromPaths<L>(file: string, leaves: readonly (readonly [string, L])[], depth = 1): PathTree<L> {
  const groups = new Map<string, { leaf: L[]; below: [string, L][] }>();
  for (const [path, value] of leaves) {
    const slash = path.indexOf('/');
    const key = slash < 0 ? path : path.slice(0, slash);
    const group = groups.get(key) ?? { leaf: [], below: [] };
    groups.set(key, group);
    if (slash < 0) group.leaf.push(value);
    else group.below.push([path.slice(slash + 1), value]);
    if (group.leaf.length > 0 && group.below.length > 0)
      throw new RangeError(
        `loadState: expected ${key} to be a tensor or a group, got both in ${file}. Is it a training state?`,
      );
  }
  if (depth > MAX_DEPTH)
    throw new RangeError(
      `loadState: expected at most ${MAX_DEPTH} levels of names, got more in ${file}. Is it a training state?`,
    );
  return Object.fromEntries(
    [...groups].map(([key, { leaf, below }]): [string, L | PathTree<L>] => [
      key,
      leaf.length > 0 ? (leaf[0] as L) : fromPaths(file, below, depth + 1),
    ]),
  );
}
