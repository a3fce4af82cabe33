import { UsageError } from '@edm2/command/errors';
import { seedClass } from '@edm2/sampler';

/**
 * The class of a seed: drawn from the seed alone, or of a list: `columns` neighbouring seeds share one, so that grids have a row for
 * each class.
 *
 * @throws {UsageError} when a class is none of the network's.
 */
export function seedClasses(
  labelDim: number,
  classes: readonly number[] | undefined,
  columns: number,
): (seed: number) => number {
  if (classes === undefined) return (seed) => (labelDim > 0 ? seedClass(seed, labelDim) : -1);
  const odd = classes.find((label) => label >= labelDim);
  if (odd !== undefined)
    throw new UsageError(
      `--class: expected classes below ${labelDim}, got ${odd}. ${labelDim === 0 ? 'This network has none; leave it out.' : `Choose from 0-${labelDim - 1}.`}`,
    );
  return (seed) => classes[Math.floor(seed / columns) % classes.length] ?? 0;
}
