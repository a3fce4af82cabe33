import { parseCount } from '@edm2/app-kit/command/parse-count';
import { type ConfigName, ladder, parseSwitch, SWITCH_NAMES, type Switches, switchValues } from '@edm2/edm2-unet';
import { InvalidArgumentError } from 'commander';
import { MAX_IMAGES } from './limits.js';

// What options read. Each throws commander's InvalidArgumentError, to which commander adds the option's name.

const LETTERS = Object.keys(ladder) as readonly ConfigName[];
const letterOf = (text: string): ConfigName | undefined => LETTERS.find((letter) => letter === text.toUpperCase());

/** `96Ki`, `2048Mi`, up to `most`. */
export const count =
  (name: string, most: number = MAX_IMAGES) =>
  (text: string): number => {
    let value: number;
    try {
      value = parseCount(name, text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
    if (value > most) throw new InvalidArgumentError(`Expected at most ${most}.`);
    return value;
  };

/** A finite number. */
export const numeric = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
};

/** A whole number. */
export const whole = (text: string): number => {
  const value = numeric(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected a whole number.');
  return value;
};

const wholeFrom =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(Number.isSafeInteger(value) && value >= least))
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    if (value > most) throw new InvalidArgumentError(`Expected at most ${most}.`);
    return value;
  };

/** A whole number of at least 0. */
export const natural = wholeFrom(0);
/** A whole number from 1 to `most`. */
export const upTo = (most: number) => wholeFrom(1, most);

/** `true`, `no`, `1` … */
export const boolean = (text: string): boolean => {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new InvalidArgumentError('Expected true or false.');
};

/** False; 16-bit training is for no engine that is installed here. */
export const noHalf = (text: string): false => {
  if (boolean(text))
    throw new InvalidArgumentError('16-bit training is not available on the engines here. Leave it out.');
  return false;
};

/** `attention=dot-product`; may come several times. */
export function oneSwitch(text: string, before: Switches = {}): Switches {
  const [, name = '', value = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  const known = SWITCH_NAMES.find((each) => each === name);
  if (!known) throw new InvalidArgumentError(`Expected name=value with a name of ${SWITCH_NAMES.join(', ')}.`);
  if (!switchValues(known).includes(value))
    throw new InvalidArgumentError(`Expected ${name} as one of ${switchValues(known).join(', ')}.`);
  return { ...before, [name]: parseSwitch(value) };
}

/** `16,8`, the largest first; `none` is the empty list. */
export function sides(text: string): number[] {
  if (text.trim() === 'none') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^[1-9]\d{0,6}$/.test(part)) || new Set(parts).size !== parts.length)
    throw new InvalidArgumentError('Expected sides of images, each once, such as 16,8, or none.');
  return parts.map(Number).sort((a, b) => b - a);
}

/** `C,G`: letters of configs, in the ladder's order. */
export function letters(text: string): ConfigName[] {
  const wanted = text.split(',').map((part) => {
    const letter = letterOf(part.trim());
    if (!letter) throw new InvalidArgumentError(`Expected letters from A to G such as C,G, got ${part || 'nothing'}.`);
    return letter;
  });
  return LETTERS.filter((letter) => wanted.includes(letter));
}

/** `C=5,G=3`: configs with factors above 0. */
export function factors(text: string): Partial<Record<ConfigName, number>> {
  const found: Partial<Record<ConfigName, number>> = {};
  for (const pair of text.split(',')) {
    const [, name = '', digits = ''] = /^\s*([A-Ga-g])=([^=]+)$/.exec(pair) ?? [];
    const letter = letterOf(name);
    const factor = Number(digits);
    if (!letter || !(factor > 0 && Number.isFinite(factor)))
      throw new InvalidArgumentError(
        `Expected configs with factors above 0, such as C=5,G=3, got ${pair || 'nothing'}.`,
      );
    if (letter in found) throw new InvalidArgumentError(`Expected each config once, got ${letter} twice.`);
    found[letter] = factor;
  }
  return found;
}
