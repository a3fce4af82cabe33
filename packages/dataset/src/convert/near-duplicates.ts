import { rgbToGrey } from '../decode/grey.js';
import type { Picture } from '../transform/picture.js';
import { resize } from '../transform/resize.js';

/** Side of a thumbnail. */
const SIDE = 16;
/** Bits of a hash that may differ: so one of its four parts is the same in both, and finds the other. */
const MAX_BITS = 3;
/** Root of the mean square by which thumbnails of the same picture differ: scaling and compressing it again give 1 to 4 levels. */
const MAX_DISTANCE = 6;

/** A picture in grey, `[16, 16]`. */
export function thumbnail({ width, height, channels, data }: Picture): Uint8Array {
  const grey: Picture = { width, height, channels: 1, data: channels === 1 ? data : rgbToGrey(data) };
  return resize(grey, SIDE, SIDE, 'box').data;
}

/** 64 bits, as four parts: whether each of 8×8 places is brighter than its neighbour to the right. */
function hashOf(thumb: Uint8Array): readonly number[] {
  const small = resize({ width: SIDE, height: SIDE, channels: 1, data: thumb }, 9, 8, 'box').data;
  return [0, 1, 2, 3].map((part) => {
    let bits = 0;
    for (let i = 0; i < 16; i++) {
      const at = (2 * part + (i >> 3)) * 9 + (i & 7);
      bits = (bits << 1) | ((small[at] as number) > (small[at + 1] as number) ? 1 : 0);
    }
    return bits;
  });
}

function bitsApart(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let part = 0; part < 4; part++)
    for (let x = (a[part] as number) ^ (b[part] as number); x !== 0; x &= x - 1) sum++;
  return sum;
}

function distance(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum / a.length);
}

/**
 * Finds images that are nearly the same as an earlier one: the hash of their gradients differs by at most 3 of 64 bits, their thumbnails by
 * at most 6 levels (root mean square). The first of each kind stays.
 *
 * @param thumbs - of {@link thumbnail}, in order.
 * @returns index of each duplicate → index of what it repeats.
 */
export function nearDuplicates(thumbs: Iterable<readonly [index: number, thumb: Uint8Array]>): Map<number, number> {
  const found = new Map<number, number>();
  const tables = [0, 1, 2, 3].map(
    () => new Map<number, { index: number; hash: readonly number[]; thumb: Uint8Array }[]>(),
  );
  for (const [index, thumb] of thumbs) {
    const hash = hashOf(thumb);
    const same = tables
      .flatMap((table, part) => table.get(hash[part] as number) ?? [])
      .filter((other) => bitsApart(hash, other.hash) <= MAX_BITS && distance(thumb, other.thumb) <= MAX_DISTANCE);
    if (same.length > 0) {
      found.set(index, Math.min(...same.map((other) => other.index)));
      continue;
    }
    const own = { index, hash, thumb };
    for (const [part, table] of tables.entries()) {
      const list = table.get(hash[part] as number);
      if (list) list.push(own);
      else table.set(hash[part] as number, [own]);
    }
  }
  return found;
}
