import type { Summary } from './statistics.js';

/** One line of a benchmark's table. */
export interface Row {
  readonly work: string;
  readonly peer: string;
  /** Median; smaller is better in every unit used here. Null: not measured, `note` says why. */
  readonly ours: number | null;
  readonly theirs: number | null;
  readonly unit: string;
  /** theirs / ours: above 1, ours is better. */
  readonly ratio: number | null;
  /** What the ratio, or `ours` itself, is meant to be; empty without a goal. */
  readonly goal: string;
  /** Whether the goal is met; null when it could not be judged. */
  readonly met: boolean | null;
  /** Best of all runs. */
  readonly oursMinimum: number | null;
  readonly theirsMinimum: number | null;
  /** The larger of the two sides' noise, see `Summary`. */
  readonly noise: number | null;
  readonly note: string;
  /** Where the row stands on a curve; absent off curves. */
  readonly point?: Point;
}

/** A place on a curve of times. */
export interface Point {
  /** What grows. */
  readonly curve: 'parameters' | 'batch';
  /** How far it has grown: parameters, or images in a batch. */
  readonly x: number;
  /** What `ours` was measured on. */
  readonly engine: string;
}

/** A goal for the ratio (at least) or for our own figure (at most). */
export type Goal = { readonly ratio: number } | { readonly atMost: number };

/** What {@link makeRow} needs. A side that could not be measured is its reason, such as `not installed`. */
export interface RowInput {
  readonly work: string;
  readonly peer: string;
  readonly ours: Summary | string;
  readonly theirs: Summary | string;
  readonly unit: string;
  readonly goal?: Goal | undefined;
  readonly note?: string | undefined;
  readonly point?: Point | undefined;
}

/** Works out ratio and verdict. */
export function makeRow({ work, peer, ours, theirs, unit, goal, note = '', point }: RowInput): Row {
  const mine = typeof ours === 'string' ? null : ours;
  const other = typeof theirs === 'string' ? null : theirs;
  const ratio = mine && other && mine.median > 0 ? other.median / mine.median : null;
  const missing = [typeof ours === 'string' ? `ours: ${ours}` : '', typeof theirs === 'string' ? theirs : ''];
  return {
    work,
    peer,
    ours: mine?.median ?? null,
    theirs: other?.median ?? null,
    unit,
    ratio,
    goal: goal ? describe(goal, unit) : '',
    met: judge(goal, mine, ratio),
    oursMinimum: mine?.minimum ?? null,
    theirsMinimum: other?.minimum ?? null,
    noise: worstNoise(mine, other),
    note: [...missing, note].filter(Boolean).join('; '),
    ...(point && { point }),
  };
}

const describe = (goal: Goal, unit: string): string =>
  'ratio' in goal ? `ratio ≥ ${goal.ratio}` : `≤ ${goal.atMost} ${unit}`;

/** Null where nothing was repeated. */
function worstNoise(...sides: (Summary | null)[]): number | null {
  const repeated = sides.filter((side) => side !== null && side.count > 1);
  return repeated.length === 0 ? null : Math.max(...repeated.map((side) => side?.noise ?? 0));
}

function judge(goal: Goal | undefined, ours: Summary | null, ratio: number | null): boolean | null {
  if (!goal) return null;
  if ('ratio' in goal) return ratio === null ? null : ratio >= goal.ratio;
  return ours === null ? null : ours.median <= goal.atMost;
}
