import { InvalidArgumentError } from 'commander';
import { parseNumbers, parseRanges } from './lists.js';
import { parseCount } from './parse-count.js';

// What options read, for every command. Each throws commander's InvalidArgumentError, to which commander adds the option's name.

/** Turns our errors into commander's, which name the option themselves. */
export const guard =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new InvalidArgumentError(message.replace(/^\S+: e/, 'E'));
    }
  };

/** `0-63,100` */
export const ranges = (name: string) => guard((text) => parseRanges(name, text));

/** `0.05,0.10,...,0.30` */
export const numbers = (name: string) => guard((text) => parseNumbers(name, text));

/** `96Ki`, `2048Mi`, from `least` to `most`. */
export const count = (
  name: string,
  { least = 0, most = Number.MAX_SAFE_INTEGER }: { readonly least?: number; readonly most?: number } = {},
) =>
  guard((text) => {
    const value = parseCount(name, text);
    if (value < least) throw new RangeError(`Expected at least ${least}.`);
    if (value > most) throw new RangeError(`Expected at most ${most}.`);
    return value;
  });

/** A finite number. */
export function numeric(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** A finite number, or `inf`. */
export const numericOrInfinite = (text: string): number =>
  /^inf(inity)?$/i.test(text.trim()) ? Number.POSITIVE_INFINITY : numeric(text);

/** Values of an option that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
