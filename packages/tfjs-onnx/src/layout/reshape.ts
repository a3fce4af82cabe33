import { at } from '@edm2/tfjs-jit/graph';
import type { Permutation } from '../permutation.js';

/**
 * The order in which a reshaped tensor lies in memory when nothing is moved: where `from`, held in order `perm`, is
 * reshaped to `to`.
 *
 * Extents are matched in groups of equal product (`[4, 8, 8, 12] → [4, 64, 12]`: `{4}{8,8}{12} → {4}{64}{12}`); as long
 * as each group's axes lie side by side and in order, the groups may lie in any order.
 *
 * @returns the order, or undefined when elements would have to move.
 */
export function reshapedOrder(
  from: readonly number[],
  to: readonly number[],
  perm: Permutation,
): Permutation | undefined {
  const groups = matchGroups(from, to);
  if (groups === undefined) return undefined;
  const physical = perm.filter((axis) => from[axis] !== 1);
  const order: number[] = [];
  for (let i = 0; i < physical.length; ) {
    const group = groups.find((g) => g.from[0] === physical[i]);
    if (group === undefined || !group.from.every((axis, k) => physical[i + k] === axis)) return undefined;
    order.push(...group.to);
    i += group.from.length;
  }
  return withUnitAxes(to, order);
}

interface Group {
  readonly from: number[];
  readonly to: number[];
}

/** Splits both shapes, axes of extent 1 left out, into the finest groups of equal product. */
function matchGroups(from: readonly number[], to: readonly number[]): Group[] | undefined {
  const a = wideAxes(from);
  const b = wideAxes(to);
  const groups: Group[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const group: Group = { from: [at(a, i)], to: [at(b, j)] };
    let left = at(from, at(a, i++));
    let right = at(to, at(b, j++));
    while (left !== right) {
      if (left < right) {
        const axis = a[i++];
        if (axis === undefined) return undefined;
        left *= at(from, axis);
        group.from.push(axis);
      } else {
        const axis = b[j++];
        if (axis === undefined) return undefined;
        right *= at(to, axis);
        group.to.push(axis);
      }
    }
    groups.push(group);
  }
  return i === a.length && j === b.length ? groups : undefined;
}

const wideAxes = (shape: readonly number[]): number[] => shape.flatMap((n, axis) => (n === 1 ? [] : [axis]));

/** Puts axes of extent 1 behind the axis that they follow logically: they cost nothing anywhere. */
function withUnitAxes(shape: readonly number[], order: readonly number[]): Permutation {
  const full = [...order];
  shape.forEach((n, axis) => {
    if (n !== 1) return;
    const before = axis === 0 ? -1 : full.indexOf(axis - 1);
    full.splice(before + 1, 0, axis);
  });
  return full;
}
