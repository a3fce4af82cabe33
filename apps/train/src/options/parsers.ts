import { TRANSFORMS } from '@edm2/augment';
import { count as anyCount } from '@edm2/command/readers';
import { wholeNumber } from '@edm2/command/whole-number';
import { CONFIG_NAMES, type ConfigName, parseSwitch, SWITCH_NAMES, type Switches, switchValues } from '@edm2/edm2-unet';
import { InvalidArgumentError } from 'commander';
import { MAX_IMAGES } from './limits.js';

/** What convolutions and products may compute in. */
export const PRECISIONS = ['float32', 'bfloat16', 'float16'] as const;
type Precision = (typeof PRECISIONS)[number];

// What options read. Each throws commander's InvalidArgumentError, to which commander adds the option's name.

const letterOf = (text: string): ConfigName | undefined =>
  CONFIG_NAMES.find((letter) => letter === text.trim().toUpperCase());

/** `96Ki`, `2048Mi`, up to `most`. */
export const count = (name: string, most: number = MAX_IMAGES) => anyCount(name, { most });

/** A whole number of at least 0. */
export const natural = wholeNumber({ least: 0 });

/** `true`, `no`, `1` … */
export const boolean = (text: string): boolean => {
  if (/^(true|1|yes)$/i.test(text)) return true;
  if (/^(false|0|no)$/i.test(text)) return false;
  throw new InvalidArgumentError('Expected true or false.');
};

/** `float32`, `bfloat16` or `float16`. */
export const precision = (text: string): Precision => {
  const found = PRECISIONS.find((each) => each === text.trim());
  if (!found) throw new InvalidArgumentError(`Expected one of ${PRECISIONS.join(', ')}.`);
  return found;
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

/** `64` or `64x64`: side of square images. */
export function side(text: string): number {
  const [, width = '', height = width] = /^(\d{1,4})(?:x(\d{1,4}))?$/i.exec(text.trim()) ?? [];
  if (width !== height || !(Number(width) >= 1 && Math.log2(Number(width)) % 1 === 0))
    throw new InvalidArgumentError('Expected a power of two, such as 64.');
  return Number(width);
}

/** `16,8`, the largest first; `none` is the empty list. */
export function sides(text: string): number[] {
  if (text.trim() === 'none') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^[1-9]\d{0,6}$/.test(part)) || new Set(parts).size !== parts.length)
    throw new InvalidArgumentError('Expected sides of images, each once, such as 16,8, or none.');
  return parts.map(Number).sort((a, b) => b - a);
}

/** `translation,x-flip`: names of augmentations, each once, in the order in which they are applied. */
export function transformNames(text: string): string {
  const wanted = text.split(',').map((part) => part.trim());
  const odd = wanted.find((name) => !TRANSFORMS.has(name));
  if (odd !== undefined || new Set(wanted).size !== wanted.length)
    throw new InvalidArgumentError(
      `Expected names of ${[...TRANSFORMS.keys()].join(', ')}, each once, got ${odd || text}.`,
    );
  return [...TRANSFORMS.keys()].filter((name) => wanted.includes(name)).join(',');
}

/** `C,G`: letters of configs, in the ladder's order. */
export function letters(text: string): ConfigName[] {
  const wanted = text.split(',').map((part) => {
    const letter = letterOf(part);
    if (!letter)
      throw new InvalidArgumentError(
        `Expected letters of ${CONFIG_NAMES.join(', ')} such as C,G, got ${part || 'nothing'}.`,
      );
    return letter;
  });
  return CONFIG_NAMES.filter((letter) => wanted.includes(letter));
}

/** `C=5,G=3`: configs with factors above 0. */
export function factors(text: string): Partial<Record<ConfigName, number>> {
  const found: Partial<Record<ConfigName, number>> = {};
  for (const pair of text.split(',')) {
    const [, name = '', digits = ''] = /^([^=]+)=([^=]+)$/.exec(pair) ?? [];
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
