import { at, type Data } from '@edm2/tfjs-jit/graph';

/** Order of axes in memory: physical axis `i` holds logical axis `perm[i]`. */
export type Permutation = readonly number[];

/** NHWC held as NCHW. */
export const NCHW: Permutation = [0, 3, 1, 2];
/** HWIO held as OIHW. */
export const OIHW: Permutation = [3, 2, 0, 1];
/** Depthwise HWIM held as IMHW. */
export const IMHW: Permutation = [2, 3, 0, 1];

export const identity = (rank: number): Permutation => Array.from({ length: rank }, (_, i) => i);

export const isIdentity = (perm: Permutation): boolean => perm.every((p, i) => p === i);

/** The permutation that undoes `perm`. */
export function inverse(perm: Permutation): Permutation {
  const back = new Array<number>(perm.length);
  perm.forEach((p, i) => {
    back[p] = i;
  });
  return back;
}

/** `shape` with its axes in the order of `perm`. */
export const permute = <T>(items: readonly T[], perm: Permutation): T[] => perm.map((p) => at(items, p));

/** Transposition that leads from memory in order `from` to memory in order `to`. */
export function between(from: Permutation, to: Permutation): Permutation {
  const back = inverse(from);
  return to.map((p) => at(back, p));
}

/** True when transposing `shape` by `perm` moves no element in memory: only axes of extent 1 change place. */
export function movesNothing(shape: readonly number[], perm: Permutation): boolean {
  const wide = perm.filter((p) => shape[p] !== 1);
  return wide.every((p, i) => i === 0 || p > at(wide, i - 1));
}

/**
 * Transposes host data.
 *
 * @param data - elements of a tensor of `shape`, row-major.
 * @returns a new array of the same type, row-major in the permuted shape.
 */
export function transposeData<T extends Data>(data: T, shape: readonly number[], perm: Permutation): T {
  const out = data.slice() as T;
  if (movesNothing(shape, perm)) return out;
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = at(strides, i + 1) * at(shape, i + 1);
  const steps = permute(strides, perm);
  const extents = permute(shape, perm);
  const last = extents.length - 1;
  const inner = at(extents, last);
  const step = at(steps, last);
  const index = new Array<number>(last).fill(0);
  let from = 0;
  for (let to = 0; to < out.length; ) {
    for (let i = 0, source = from; i < inner; i++, source += step) out[to++] = data[source] as number;
    for (let axis = last - 1; axis >= 0; axis--) {
      index[axis] = at(index, axis) + 1;
      from += at(steps, axis);
      if (at(index, axis) < at(extents, axis)) break;
      from -= at(steps, axis) * at(extents, axis);
      index[axis] = 0;
    }
  }
  return out;
}
