import type { Interval } from '@edm2/app-scoring/sweep/point';
import { numericOrInfinite } from '@edm2/command/readers';
import { InvalidArgumentError } from 'commander';

export { count, guard, numbers, numericOrInfinite as numeric, ranges } from '@edm2/command/readers';

/** `0.19,1.61` or `0.19-1.61`. */
export function interval(text: string): Interval {
  const [, lo, hi] = /^([\d.]+)\s*[-,]\s*([\d.]+|inf)$/i.exec(text.trim()) ?? [];
  const range: Interval = [Number(lo), numericOrInfinite(hi ?? 'x')];
  if (!(range[0] >= 0 && range[0] < range[1]))
    throw new InvalidArgumentError('Expected two noise levels, the lower first, such as 0.19,1.61.');
  return range;
}

/** `all,0.19-1.61,0.3-2`: undefined stands for all noise levels. */
export const intervals = (text: string): (Interval | undefined)[] =>
  text.split(',').map((part) => (part.trim() === 'all' ? undefined : interval(part)));

/** Share of a process in work that several do: `i` of `n`, counted from 0. */
export interface Rank {
  readonly index: number;
  readonly of: number;
}

/** `0/4` … `3/4` */
export function rank(text: string): Rank {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text.trim()) ?? [];
  const share = { index: Number(index), of: Number(of) };
  if (!(share.of >= 1 && share.index < share.of))
    throw new InvalidArgumentError('Expected i/n with 0 ≤ i < n, such as 0/4 for the first of four.');
  return share;
}

/** NVIDIA's spellings as ours: `--sigma_min` → `--sigma-min`, `--S_churn` → `--s-churn`, `--n=3` stays. */
export const normaliseArgv = (argv: readonly string[]): string[] =>
  argv.map((arg) => {
    const [, name, rest = ''] = /^(--[A-Za-z][\w-]*)(=.*)?$/s.exec(arg) ?? [];
    return name === undefined ? arg : `${name.replaceAll('_', '-').toLowerCase()}${rest}`;
  });
