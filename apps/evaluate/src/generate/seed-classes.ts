import { commandWords, seedClasses as seedClassesOf } from 'edm2/parts';

/** The class of a seed, as `--class` says: edm2's, with errors in this command's words. */
export const seedClasses = (
  labelDim: number,
  classes: readonly number[] | undefined,
  columns: number,
): ((seed: number) => number) => seedClassesOf(labelDim, classes, columns, commandWords);
