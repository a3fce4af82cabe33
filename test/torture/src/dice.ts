import { createRandom } from '@edm2/random';

/** Draws of one trial: the same for the same seed and place. */
export interface Dice {
  /** 0 ≤ x < 1. */
  readonly share: () => number;
  readonly below: (bound: number) => number;
  readonly pick: <T>(items: readonly [T, ...T[]]) => T;
}

/** Dice that are addressed, so that one trial can be made again alone. */
export function rollDice(seed: number, ...place: readonly (string | number)[]): Dice {
  const stream = createRandom(seed).stream('torture', ...place);
  const share = (): number => stream.uniform(1)[0] ?? 0;
  const below = (bound: number): number => Math.min(bound - 1, Math.floor(share() * bound));
  return { share, below, pick: (items) => items[below(items.length)] ?? items[0] };
}
