import { wholeNumber } from '@edm2/command/whole-number';

// What counts of the command line may be. The limits are far above what is of use: beyond them stands a slip of the hand.

/** Images of one command: two hundred times those of a published figure. */
export const MAX_IMAGES = 10_000_000;

/** Images of a draw. */
export const images = wholeNumber({ most: MAX_IMAGES, why: 'published figures take 50,000; take several runs' });

/** Images at a time. */
export const batch = wholeNumber({ most: 4096, why: 'a larger batch takes memory and saves no time' });

/** Steps of a solver. */
export const steps = wholeNumber({ most: 10_000, why: 'published ones take 32; beyond, rounding is all that grows' });

/** Draws of a figure. */
export const draws = wholeNumber({ most: 1000, why: 'a standard deviation over more says no more' });

/** Resamples of a bootstrap; 0: none. */
export const resamples = wholeNumber({ least: 0, most: 10_000, why: 'a standard deviation over more says no more' });

/** Images in a row of a grid. */
export const columns = wholeNumber({ most: 1000, why: 'a wider picture is opened by no program' });

/** Rounds of refinement; 0: none. */
export const rounds = wholeNumber({ least: 0, most: 20, why: 'each halves the steps, and after 20 nothing is left' });

/** Side of images, in pixels. */
export const side = wholeNumber({ most: 4096, why: 'no feature network looks at larger images' });

/** The first seed: all that follow are whole numbers too. */
export const firstSeed = wholeNumber({
  least: 0,
  most: Number.MAX_SAFE_INTEGER - MAX_IMAGES,
  why: 'numbers beyond are not exact',
});
