import { OptionError } from './option-error.js';

/** A value of `update_every`, and how far averages predicted from each other are off with it: relative to the nearest other average. */
export interface TriedValue {
  readonly updateEvery: number;
  readonly error: number;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

const offBy = ({ error }: TriedValue): string => `predicted from each other they are ${percent(error)} off`;

/** How a value is known that could not be checked. */
export const unchecked = (updateEvery: number): string =>
  `${updateEvery}, as given; there are too few averages to check it by`;

/** How a value is known that was given and checked. */
export const checked = (given: TriedValue, contradicted: boolean): string =>
  `${given.updateEvery}, as given; ${contradicted ? 'contradicted' : 'confirmed'} by the averages: ${offBy(given)}`;

/** How a value is known that was found. */
export const found = (best: TriedValue, rival: TriedValue | undefined): string => {
  const other = rival ? ` (taken for ${rival.updateEvery}: ${percent(rival.error)})` : '';
  return `${best.updateEvery}, found from the averages: ${offBy(best)}${other}`;
};

/** The value given is not one. */
export const noCount = (updateEvery: number): OptionError =>
  new OptionError((option) =>
    [
      `openSnapshots: expected ${option('updateEvery')} as a whole number ≥ 1, got ${updateEvery}.`,
      "Give ema-pytorch's update_every.",
    ].join(' '),
  );

/** Another value fits far better than the one given. */
export const contradictedBy = (given: TriedValue, best: TriedValue): OptionError =>
  new OptionError((option) =>
    [
      `openSnapshots: expected averages updated every ${given.updateEvery} steps, got some that contradict it:`,
      `${offBy(given)}, with ${best.updateEvery} only ${percent(best.error)}.`,
      `Correct ${option('updateEvery')} or ${option('track')}; ${option('force')} uses them anyway.`,
    ].join(' '),
  );

/** None is given, and none stands out. */
export const undecided = (best: TriedValue | undefined, rival: TriedValue | undefined): OptionError => {
  const seen =
    best && rival ? `: ${offBy(best)} with ${best.updateEvery}, ${percent(rival.error)} with ${rival.updateEvery}` : '';
  return new OptionError((option) =>
    [
      "openSnapshots: expected ema-pytorch's update_every (its own default is 100), got none,",
      `and averages that do not tell it${seen}. Give ${option('updateEvery')}.`,
    ].join(' '),
  );
};

/** Not even the best value fits. */
export const otherLengths = (best: TriedValue): OptionError =>
  new OptionError((option) =>
    [
      "openSnapshots: expected averages of the lengths given, in the order of ema-pytorch's sigma_rels,",
      `got some that contradict them: ${offBy(best)}, whatever update_every is.`,
      `Correct ${option('track')}; ${option('force')} uses them anyway.`,
    ].join(' '),
  );
