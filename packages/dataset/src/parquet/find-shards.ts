import { basename, dirname } from 'node:path/posix';
import type { DatasetError, DatasetErrorCode } from '../errors.js';
import type { PassedOver } from '../report.js';
import type { Spelling } from '../spelling.js';

export const isParquet = (name: string): boolean => /\.parquet$/i.test(name);

/** Parts of one table. */
export interface Shards {
  /** In their order. */
  readonly names: readonly string[];
  /** `train`; undefined where no name tells a split. */
  readonly split: string | undefined;
  readonly passedOver: readonly PassedOver[];
}

const SPLIT = /^(train|test|validation|valid|val|dev|eval)/i;

/**
 * The files of one split: `data/train-00000-of-00002.parquet`, `train/0000.parquet`. Without a wish that is `train`, as for arrays, or the
 * only one there is.
 *
 * @param names - of Parquet files, sorted.
 * @throws {DatasetError} ambiguous, listing them, where they lie in several folders that are no splits, or no split can be chosen.
 */
export function findShards(
  names: readonly string[],
  wanted: 'train' | 'test' | undefined,
  pathOf: (name: string) => string,
  spelling: Spelling,
  fail: (code: DatasetErrorCode, expected: string, got: string, remedy: string) => DatasetError,
): Shards {
  const splitOf = (name: string): string | undefined =>
    [basename(name), basename(dirname(name))]
      .map((part) => SPLIT.exec(part)?.[1]?.toLowerCase())
      .find((found) => found !== undefined);
  const folderOf = (name: string): string =>
    SPLIT.test(basename(dirname(name))) ? dirname(dirname(name)) : dirname(name);
  const folders = [...new Set(names.map(folderOf))];
  if (folders.length > 1)
    throw fail(
      'ambiguous',
      'the Parquet files of one dataset',
      `some in ${folders.length} folders`,
      `Choose one: ${folders
        .slice(0, 8)
        .map((folder) => spelling.path(pathOf(folder)))
        .join(', or ')}`,
    );
  const splits = new Map<string | undefined, string[]>();
  for (const name of names) splits.set(splitOf(name), [...(splits.get(splitOf(name)) ?? []), name]);
  const split = wanted ?? (splits.size === 1 ? [...splits.keys()][0] : 'train');
  const chosen = splits.get(split);
  if (!chosen) {
    const there = [...splits.keys()].map((each) => each ?? 'of no split').join(', ');
    const remedy = `Name a file of the one you mean: ${spelling.path(pathOf(names[0] as string))}`;
    throw fail('ambiguous', `Parquet files named ${split}`, there, remedy);
  }
  const others = names.filter((name) => !chosen.includes(name));
  return {
    names: chosen,
    split,
    passedOver: others.length
      ? [{ extension: '.parquet', reason: 'another split', count: others.length, example: others[0] as string }]
      : [],
  };
}
