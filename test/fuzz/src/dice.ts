import { createRandom } from '@edm2/random';

/** Draws of one case: the same for the same seed, target and number. */
export interface Dice {
  /** A whole number in [0, bound). */
  below(bound: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** Dice that are addressed, so that any case of any run can be made again alone. */
export function rollDice(seed: number, target: string, index: number): Dice {
  const stream = createRandom(seed).stream('fuzz', target, index);
  const below = (bound: number): number => (bound <= 1 ? 0 : (stream.integers(1, bound)[0] ?? 0));
  return {
    below,
    chance: (probability) => below(1_000_000) < probability * 1_000_000,
    pick<T>(items: readonly T[]): T {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('pick: expected items, got none.');
      return item;
    },
    bytes: (length) => Uint8Array.from(length === 0 ? [] : stream.integers(length, 256)),
  };
}
