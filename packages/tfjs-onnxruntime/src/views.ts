import type { Data } from '@edm2/tfjs-jit/graph';

const views = new WeakMap<Data, Map<number, Data>>();

/**
 * The stretch of an array from `offset` on, in elements, which may reach beyond the array's own end into its buffer. The
 * same object for the same stretch, so that what hangs on it is made once.
 */
export function view(base: Data, offset: number, length: number): Data {
  if (offset === 0 && length === base.length) return base;
  let known = views.get(base);
  if (known === undefined) {
    known = new Map();
    views.set(base, known);
  }
  // Stretches that begin at one place differ in length: both numbers stay exact in a float64.
  const key = offset * 2 ** 31 + length;
  const same = known.get(key);
  if (same !== undefined) return same;
  const Kind = base.constructor as Float32ArrayConstructor;
  const made: Data = new Kind(base.buffer as ArrayBuffer, base.byteOffset + offset * base.BYTES_PER_ELEMENT, length);
  known.set(key, made);
  return made;
}
