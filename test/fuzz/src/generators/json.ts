import type { Dice } from '../dice.js';

const WORDS = [
  '',
  'a',
  '__metadata__',
  '__proto__',
  'constructor',
  'labels',
  'dtype',
  'shape',
  'data_offsets',
  '\u0000',
  '💥',
  '00000/img00000000.png',
];
const NUMBERS = [0, -0, 1, -1, 0.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 1e-320];

/** Any value that JSON has, some levels deep. */
function anyJson(dice: Dice, depth = 3): unknown {
  const kind = dice.below(depth > 0 ? 7 : 4);
  if (kind === 0) return null;
  if (kind === 1) return dice.chance(0.5);
  if (kind === 2) return dice.pick(NUMBERS);
  if (kind === 3) return dice.pick(WORDS);
  const count = dice.below(5);
  if (kind < 6) return Array.from({ length: count }, () => anyJson(dice, depth - 1));
  return Object.fromEntries(Array.from({ length: count }, () => [dice.pick(WORDS), anyJson(dice, depth - 1)]));
}

/** A value in which one part, somewhere, was replaced by any other. */
export function jsonWithOddPart(value: unknown, dice: Dice): unknown {
  if (dice.chance(0.3) || typeof value !== 'object' || value === null) return anyJson(dice);
  const keys = Object.keys(value);
  if (keys.length === 0) return anyJson(dice);
  const key = dice.pick(keys);
  const part = jsonWithOddPart((value as Record<string, unknown>)[key], dice);
  return Array.isArray(value) ? value.with(Number(key), part) : { ...value, [key]: part };
}
