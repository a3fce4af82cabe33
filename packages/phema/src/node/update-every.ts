import { prepareRecall } from '../synthesis.js';
import { type FloatDtype, isFloat, roundoffOf } from './float-type.js';
import { sampleValues } from './sample-values.js';
import type { Snapshot } from './snapshot.js';
import type { StoredFile } from './stored-file.js';
import {
  checked,
  contradictedBy,
  found,
  noCount,
  otherLengths,
  type TriedValue,
  unchecked,
  undecided,
} from './update-every-words.js';

/** Times that a fit looks at: enough to tell, and quick. */
const MAX_TIMES = 16;

/** Values tried first; whole numbers between them afterwards. */
const CANDIDATES = [
  ...[1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200, 256, 320, 400, 500, 640],
  ...[800, 1000, 1280, 1600, 2000, 2560, 3200, 4000, 5000, 6400, 8000, 10_000],
];

/**
 * A right value misses by less than its profiles allow, noise in every step by up to three times as much, a wrong one or another track by
 * ten times and more, often by hundreds: seen on trainings of many kinds. From the first on a value is doubted, from the second it is wrong.
 */
const [DOUBTED, WRONG] = [2.5, 4];

/** A value is told from another that fits so much better. */
const BETTER = 2.5;

/** Below this an error is taken for rounding of the averages themselves. */
const NEGLIGIBLE = 0.01;

/** Values so near each other are one answer. */
const NEARBY = 1.25;

/** How well stored averages agree with each other, if they were updated every so many steps. */
interface Fit extends TriedValue {
  /** What `error` would be at most: profile and rounding. */
  readonly expected: number;
}

/** How many times what is expected a fit misses. */
const misfit = ({ error, expected }: Fit): number => error / Math.max(expected, NEGLIGIBLE);

/** Whether a fit is out of the question beside another. */
const isBeaten = (fit: Fit, by: Fit): boolean =>
  misfit(fit) > DOUBTED
    ? fit.error > BETTER * by.error || misfit(fit) > BETTER * misfit(by)
    : misfit(fit) > 1 && fit.error > BETTER * by.error;

/** What is known of ema-pytorch's `update_every`, and how. */
export interface FoundUpdateEvery {
  readonly updateEvery: number;
  /** In words. */
  readonly how: string;
}

/**
 * Finds ema-pytorch's `update_every`, which its files do not tell, or checks the one that is given. Averages of one run predict
 * each other: with the right value within the error of their profiles, with a wrong one far off. On 40 simulated trainings (smooth, SGD, white
 * noise, float16) the right value missed by at most three times that error, a wrong one by ten times and more.
 *
 * @param snapshots - of ema-pytorch, all of one run.
 * @throws {OptionError} (rejects) when none is given and none stands out, or the averages contradict the one given.
 */
export async function findUpdateEvery(
  snapshots: readonly Snapshot[],
  { updateEvery, force = false, signal }: UpdateEveryOptions,
): Promise<FoundUpdateEvery> {
  if (updateEvery !== undefined && !(Number.isInteger(updateEvery) && updateEvery >= 1)) throw noCount(updateEvery);
  const last = snapshots.at(-1)?.nimg ?? 1;
  const fitOf = await prepareFits(snapshots, signal);
  const fits = fitOf ? search(fitOf, last) : [];
  const [best] = fits;
  if (updateEvery !== undefined) {
    const given = fitOf?.(updateEvery);
    if (!given || !best) return { updateEvery, how: unchecked(updateEvery) };
    const contradicted = misfit(given) > DOUBTED && isBeaten(given, best);
    if (contradicted && !force) throw contradictedBy(given, best);
    assertFit(given, force);
    return { updateEvery, how: checked(given, contradicted) };
  }
  const rivals = fits.filter((fit) => best && apart(fit, best));
  const [rival] = [...rivals].sort((a, b) => misfit(a) - misfit(b));
  if (!best || !rivals.every((fit) => isBeaten(fit, best))) throw undecided(best, rival);
  assertFit(best, force);
  return { updateEvery: best.updateEvery, how: found(best, rival) };
}

/** See `OpenSnapshotsOptions`. */
export interface UpdateEveryOptions {
  readonly updateEvery?: number | undefined;
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {OptionError} when not even the best value fits: then something else is wrong. */
function assertFit(fit: Fit, force: boolean): void {
  if (!force && misfit(fit) > WRONG) throw otherLengths(fit);
}

const apart = (a: Fit, b: Fit): boolean =>
  Math.max(a.updateEvery, b.updateEvery) > NEARBY * Math.min(a.updateEvery, b.updateEvery);

/** Fits, the best first. */
function search(fitOf: (updateEvery: number) => Fit | undefined, last: number): Fit[] {
  const fits = new Map<number, Fit>();
  const look = (updateEvery: number): Fit | undefined => {
    const known = fits.get(updateEvery) ?? fitOf(updateEvery);
    if (known) fits.set(updateEvery, known);
    return known;
  };
  // An update before the first time at the least.
  const tried = CANDIDATES.filter((updateEvery) => updateEvery === 1 || updateEvery < last / 2);
  for (const updateEvery of tried) look(updateEvery);
  const ranked = (): Fit[] => [...fits.values()].sort((a, b) => a.error - b.error);
  const at = tried.indexOf(ranked()[0]?.updateEvery ?? 1);
  let [from, to] = [tried[at - 1] ?? 1, tried[at + 1] ?? tried[at] ?? 1];
  // One valley lies between two values beside the best.
  while (to - from > 2) {
    const [left, right] = [Math.floor(from + (to - from) / 3), Math.ceil(to - (to - from) / 3)];
    if ((look(left)?.error ?? 0) <= (look(right)?.error ?? 0)) to = right;
    else from = left;
  }
  for (let updateEvery = from; updateEvery <= to; updateEvery++) look(updateEvery);
  return ranked();
}

/** Reads what fits are judged by; undefined when there is too little. */
async function prepareFits(
  snapshots: readonly Snapshot[],
  signal: AbortSignal | undefined,
): Promise<((updateEvery: number) => Fit | undefined) | undefined> {
  const times = [...new Set(snapshots.map(({ nimg }) => nimg))];
  const stride = Math.max(1, times.length / MAX_TIMES);
  const kept = new Set(times.filter((_, i) => Math.floor((i + 1) / stride) !== Math.floor(i / stride)));
  const some = snapshots.filter(({ nimg }) => kept.has(nimg));
  const lefts = some.flatMap(({ nimg }, i) => (nimg >= (times[times.length >> 1] ?? 0) ? [i] : []));
  if (kept.size < 2) return undefined;
  const rows = await sampleValues(
    some.map(({ file }) => file),
    signal,
  );
  if ((rows[0]?.length ?? 0) === 0) return undefined;
  const roundoff = Math.max(...some.map(({ file }) => Math.max(...dtypesOf(file).map(roundoffOf))));
  const norm = rows.reduce((sum, row) => sum + dot(row, row), 0) / rows.length;
  const products = productsOf(centred(rows));
  return (updateEvery) => {
    const recall = prepareRecall(
      some.map(({ profile }) => ({ ...profile, updateEvery })),
      { roundoff },
    );
    let [missed, apart, profile, rounding] = [0, 0, 0, 0];
    for (const left of lefts) {
      const others = some.flatMap(({ nimg }, i) => (i !== left && nimg <= (some[left]?.nimg ?? 0) ? [i] : []));
      const { weights, profileError, norm: amplified } = recall(others, left);
      missed += distanceSquared(products, others, weights, left);
      apart += Math.min(...others.map((i) => distanceSquared(products, [i], ONE, left)));
      profile += profileError ** 2 / lefts.length;
      rounding += (roundoff * amplified) ** 2 * norm;
    }
    return apart > 0
      ? { updateEvery, error: Math.sqrt(missed / apart), expected: Math.sqrt(profile) + Math.sqrt(rounding / apart) }
      : undefined;
  };
}

const ONE = Float64Array.of(1);

const dtypesOf = ({ entries }: StoredFile): FloatDtype[] =>
  [...entries.values()].flatMap(({ dtype }) => (isFloat(dtype) ? [dtype] : []));

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, k) => sum + value * (b[k] as number), 0);

/** The rows less their mean: what weights that sum to 1 do not change, and sums of squares need not carry. */
function centred(rows: readonly Float64Array[]): Float64Array[] {
  const mean = Float64Array.from(
    rows[0] ?? [],
    (_, k) => rows.reduce((sum, row) => sum + (row[k] as number), 0) / rows.length,
  );
  return rows.map((row) => row.map((value, k) => value - (mean[k] as number)));
}

const productsOf = (rows: readonly Float64Array[]): number[][] => rows.map((a) => rows.map((b) => dot(a, b)));

/** `‖Σ wᵢ xᵢ − x‖²` from the rows' inner products. */
function distanceSquared(
  products: readonly (readonly number[])[],
  others: readonly number[],
  weights: Float64Array,
  left: number,
): number {
  const at = (i: number, j: number): number => products[i]?.[j] as number;
  let squared = at(left, left);
  for (const [k, i] of others.entries()) {
    let row = -2 * at(i, left);
    for (const [m, j] of others.entries()) row += (weights[m] as number) * at(i, j);
    squared += (weights[k] as number) * row;
  }
  return Math.max(squared, 0);
}
