import { InvalidArgumentError } from 'commander';

/** What a count may be, and why not more. */
export type WholeNumberRange = {
  /** Default 1. */
  readonly least?: number;
} & (
  | {
      readonly most: number;
      /** Completes `Expected a whole number from 1 to 64:`; left out where the bound speaks for itself. */
      readonly why?: string;
    }
  | { readonly most?: undefined }
);

/** Reads a whole number in bounds; commander adds the option's name to the error. */
export const wholeNumber =
  ({ least = 1, ...upper }: WholeNumberRange = {}) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isSafeInteger(value) && value >= least && value <= (upper.most ?? value)) return value;
    if (upper.most === undefined) throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    const isTooMuch = Number.isSafeInteger(value) && value > upper.most;
    const why = isTooMuch && upper.why !== undefined ? `: ${upper.why}` : '';
    throw new InvalidArgumentError(
      `Expected a whole number from ${least} to ${upper.most.toLocaleString('en')}${why}.`,
    );
  };
