import { attempt } from '../../attempt.js';
import type { Work } from '../../nets.js';
import { type Goal, makeRow, type Point, type Row } from '../../row.js';
import { type Summary, summarize } from '../../statistics.js';
import { type TurnOptions, takeTurns } from '../../take-turns.js';
import { close, contestant, type Kind, resident, type Side } from '../sides.js';

/** A side of theirs, and what the ratio against it is meant to be. */
export interface Opponent {
  readonly side: Side;
  readonly atLeast?: number | undefined;
  /** False when its process is shared and closed elsewhere. Default true. */
  readonly owned?: boolean;
}

/** What is compared. */
export interface Comparison {
  readonly kind: Kind;
  readonly work: Work;
  readonly ours: readonly Side[];
  readonly theirs: readonly Opponent[];
  readonly turns: TurnOptions;
  /** Name of our side that goals are for: the engine that `auto` takes. */
  readonly judged: string;
  /** Added to the work's name. */
  readonly detail?: string;
  /** Also the most that each process ever had resident, against the first of theirs, with a goal for the judged side. */
  readonly peak?: Goal;
  /** Where the rows stand on a curve; the engine is filled in. */
  readonly point?: Omit<Point, 'engine'>;
}

/** A side and what its turns said. */
export interface Measured {
  readonly side: Side;
  readonly result: Summary | string;
}

/** All sides take turns at one work; a row for each of ours against each of theirs. Ends the sides' processes. */
export async function* compare(comparison: Comparison): AsyncGenerator<Row> {
  const { ours, theirs } = comparison;
  try {
    yield* rowsOf(comparison, await measure(comparison));
    yield* await peakRows(comparison);
  } finally {
    close([...ours, ...theirs.filter(({ owned = true }) => owned).map(({ side }) => side)]);
  }
}

/** Turns of all sides, ours before theirs; their processes stay. */
async function measure({ kind, work, ours, theirs, turns }: Comparison): Promise<Measured[]> {
  const sides = [...ours, ...theirs.map(({ side }) => side)];
  const results = await takeTurns(
    sides.map((side) => contestant(side, kind, work)),
    turns,
  );
  return sides.map((side, i) => ({ side, result: results[i] ?? 'not measured' }));
}

/** Rows of what has been measured. */
export function rowsOf(
  { kind, work, ours, theirs, judged, detail = '', point }: Comparison,
  measured: Measured[],
): Row[] {
  const result = (wanted: Side): Summary | string =>
    measured.find(({ side }) => side === wanted)?.result ?? 'not measured';
  return ours.flatMap((mine) =>
    theirs.map(({ side, atLeast }) =>
      makeRow({
        work: `${title(mine.name, judged)}: ${label(kind, work)}${detail}`,
        peer: side.name,
        ours: result(mine),
        theirs: result(side),
        unit: 'ms',
        goal: mine.name === judged && atLeast !== undefined ? { ratio: atLeast } : undefined,
        point: point && { ...point, engine: mine.name },
      }),
    ),
  );
}

/** What the whole processes needed, imports and compiling included. */
async function peakRows({ kind, work, ours, theirs, judged, detail = '', peak }: Comparison): Promise<Row[]> {
  const [opponent] = theirs;
  if (peak === undefined || opponent === undefined) return [];
  const inGiB = async (side: Side): Promise<Summary | string> => {
    const mib = await attempt(() => resident(side));
    return typeof mib === 'string' ? mib : summarize([mib / 1024]);
  };
  const other = await inGiB(opponent.side);
  return Promise.all(
    ours.map(async (mine) =>
      makeRow({
        work: `${title(mine.name, judged)}: largest resident set, ${label(kind, work)}${detail}`,
        peer: opponent.side.name,
        ours: await inGiB(mine),
        theirs: other,
        unit: 'GiB',
        goal: mine.name === judged ? peak : undefined,
      }),
    ),
  );
}

/** An engine's name in a row. */
export const title = (engine: string, judged: string): string => (engine === judged ? `${engine} (auto)` : engine);

/** What a row's work is called. */
export const label = (kind: Kind, { title, batch }: Work): string =>
  `${kind === 'step' ? 'full step' : 'forward, constant weights'}, ${title}, batch ${batch}`;
