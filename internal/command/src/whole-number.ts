import { InvalidArgumentError } from 'commander';

/** What a count may be, and why not more. */
export interface WholeNumberRange {
  /** Default 1. */
  readonly least?: number;
  readonly most: number;
  /** Completes `Expected a whole number from 1 to 64:`. */
  readonly why: string;
}

/** Reads a bounded whole number; commander adds the option's name to the error. */
export const wholeNumber =
  ({ least = 1, most, why }: WholeNumberRange) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(Number.isSafeInteger(value) && value >= least && value <= most))
      throw new InvalidArgumentError(
        `Expected a whole number from ${least} to ${most.toLocaleString('en')}${Number.isSafeInteger(value) && value > most ? `: ${why}` : ''}.`,
      );
    return value;
  };
