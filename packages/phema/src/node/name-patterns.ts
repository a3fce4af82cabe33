import { gammasOf } from '../tracker.js';

/** Values by patterns of names. */
export interface NamePatterns {
  /** Different values, each once. */
  readonly values: readonly number[];
  /** The value of the first pattern that fits a name. */
  valueOf(name: string): number | undefined;
}

/** Tells whether a pattern fits a whole name, `*` for anything. */
function fitOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

/**
 * The names that a pattern of `tensorSigmaRels` fits, in their order: which tensors get another length.
 *
 * @param pattern - a whole name, in which `*` stands for anything.
 */
export const namesFitting = (pattern: string, names: Iterable<string>): string[] => {
  const fits = fitOf(pattern);
  return [...names].filter((name) => fits.test(name));
};

/**
 * Lengths by patterns of tensor names, `*` for anything.
 *
 * @param names - all names; each pattern must fit at least one.
 * @throws {RangeError} when a pattern fits none, or a length is out of range.
 */
export function createNamePatterns(lengths: Readonly<Record<string, number>>, names: readonly string[]): NamePatterns {
  const patterns = Object.entries(lengths).map(([pattern, sigmaRel]) => {
    const fits = fitOf(pattern);
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
