import { seedClass } from '@edm2/sampler';
import { OptionError, type Words } from '../words.js';

/**
 * The class of a seed: drawn from the seed alone, or of a list: `columns` neighbouring seeds share one, so that grids have a row for
 * each class.
 *
 * @throws {OptionError} when a class is none of the network's.
 */
export function seedClasses(
  labelDim: number,
  classes: readonly number[] | undefined,
  columns: number,
  words: Words,
): (seed: number) => number {
  if (classes === undefined) return (seed) => (labelDim > 0 ? seedClass(seed, labelDim) : -1);
  const odd = classes.find((label) => label >= labelDim);
  if (odd !== undefined)
    throw new OptionError(
      `${words.head('classes')}: expected classes below ${labelDim}, got ${odd}. ${labelDim === 0 ? 'This network has none; leave it out.' : `Choose from 0-${labelDim - 1}.`}`,
    );
  return (seed) => classes[Math.floor(seed / columns) % classes.length] ?? 0;
}
