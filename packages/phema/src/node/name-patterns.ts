import { gammasOf } from '../tracker.js';

/** Values by patterns of names. */
export interface NamePatterns {
  /** Different values, each once. */
  readonly values: readonly number[];
  /** The value of the first pattern that fits a name. */
  valueOf(name: string): number | undefined;
}

/**
 * Lengths by patterns of tensor names, `*` for anything.
 *
 * @param names - all names; each pattern must fit at least one.
 * @throws {RangeError} when a pattern fits none, or a length is out of range.
 */
export function createNamePatterns(lengths: Readonly<Record<string, number>>, names: readonly string[]): NamePatterns {
  const patterns = Object.entries(lengths).map(([pattern, sigmaRel]) => {
    const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    const fits = new RegExp(`^${parts.join('.*')}$`);
    if (!names.some((name) => fits.test(name)))
      throw new RangeError(
        `reconstructFiles: expected patterns of tensor names such as ${names[0] ?? 'w'}, got ${pattern}, which fits none. Use * for any part of a name.`,
      );
    return { fits, sigmaRel };
  });
  const values = [...new Set(patterns.map(({ sigmaRel }) => sigmaRel))];
  if (values.length > 0) gammasOf('reconstructFiles', values);
  return { values, valueOf: (name) => patterns.find(({ fits }) => fits.test(name))?.sigmaRel };
}
