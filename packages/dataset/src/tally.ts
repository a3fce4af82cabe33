import { CONVERSIONS, conversionsOf } from './decode/conversions.js';
import type { Conversion } from './report.js';

/** Which conversions the images read so far went through. */
export interface Tally {
  /** @param bits - sum of conversion bits of image `index`. */
  add(index: number, bits: number): void;
  list(): Conversion[];
}

/** Takes memory only when there is something to remember: two bytes an image. */
export function createTally(count: number, nameOf: (index: number) => string): Tally {
  let store: Uint16Array | undefined;
  return {
    add: (index, bits) => {
      if (bits === 0) return;
      store ??= new Uint16Array(count);
      store[index] = bits;
    },
    list: () => {
      const found = new Map<string, { count: number; first: number }>();
      store?.forEach((bits, index) => {
        if (bits === 0) return;
        for (const kind of conversionsOf(bits)) {
          const entry = found.get(kind);
          if (entry) entry.count++;
          else found.set(kind, { count: 1, first: index });
        }
      });
      return (Object.keys(CONVERSIONS) as Conversion['kind'][]).flatMap((kind) => {
        const entry = found.get(kind);
        return entry ? [{ kind, what: CONVERSIONS[kind], count: entry.count, example: nameOf(entry.first) }] : [];
      });
    },
  };
}
