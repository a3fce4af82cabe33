import { spreadOf } from '../spread.js';
import type { FeatureKind, FigureKind, FigureValue, SpreadKind } from './metric.js';

/** A figure as it is printed. */
export interface Figure<Key extends string = string> {
  readonly key: Key;
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** Mean over the draws. */
  readonly value: number;
  /** Standard deviation over what `over` says; absent where the figure is one number. */
  readonly std?: number;
  readonly over?: SpreadKind | 'draws';
  /** The same in words. */
  readonly of?: string;
}

/**
 * What several draws of images say together: the mean and the sample standard deviation over the draws; of one draw, its own.
 *
 * @param kinds - figures in the order of printing; those that a draw lacks are left out.
 */
export function figuresOverDraws<Key extends string>(
  kinds: Readonly<Partial<Record<Key, FigureKind>>>,
  network: FeatureKind,
  draws: readonly Readonly<Partial<Record<Key, FigureValue>>>[],
): Figure<Key>[] {
  const [first] = draws;
  return (Object.entries(kinds) as [Key, FigureKind][]).flatMap(([key, { title, better }]): Figure<Key>[] => {
    const own: FigureValue | undefined = first?.[key];
    const values = draws.map((draw) => draw[key]?.value ?? Number.NaN);
    if (!own || !values.every(Number.isFinite)) return [];
    const about = { key, name: title(network), better };
    if (draws.length === 1) return [{ ...about, ...own }];
    const { mean, std } = spreadOf(values);
    return [{ ...about, value: mean, std, over: 'draws', of: `${draws.length} draws` }];
  });
}
