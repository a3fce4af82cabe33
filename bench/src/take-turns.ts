import { setTimeout as sleep } from 'node:timers/promises';
import { attempt } from './attempt.js';
import { type Summary, summarize } from './statistics.js';

/** One side of a comparison. */
export interface Contestant {
  /** Measures `runs` times, each value in the row's unit. The first call may compile and warm up: it is thrown away. */
  measure(runs: number): Promise<readonly number[]>;
}

/** How long a comparison goes on. */
export interface TurnOptions {
  readonly rounds: number;
  /** Measurements of each side in one round. */
  readonly runs: number;
  /** Between turns, in milliseconds: idle worker threads spin for a while and would slow the other side. */
  readonly rest?: number;
}

/**
 * Measures the contestants in turn, round after round, so that whatever slows the machine slows all of them alike. Who starts
 * changes from round to round.
 *
 * @returns what each side's timings say, or, for a side that failed, its reason; the others go on without it.
 */
export async function takeTurns(
  contestants: readonly (Contestant | undefined)[],
  { rounds, runs, rest = 60 }: TurnOptions,
): Promise<(Summary | string)[]> {
  const sides = contestants.map((contestant) => ({ contestant, values: [] as number[], reason: 'not installed' }));
  const able = sides.filter(({ contestant }) => contestant !== undefined);
  const turn = async (side: (typeof sides)[number], times: number): Promise<readonly number[]> => {
    const values = await attempt(async () => (await side.contestant?.measure(times)) ?? []);
    if (typeof values !== 'string') return values;
    side.reason = values;
    able.splice(able.indexOf(side), 1);
    side.values.length = 0;
    return [];
  };
  for (const side of [...able]) await turn(side, 1);
  for (let round = 0; round < rounds; round++) {
    for (const side of [...able.slice(round % 2), ...able.slice(0, round % 2)]) {
      await sleep(rest);
      side.values.push(...(await turn(side, runs)));
    }
  }
  return sides.map(({ values, reason }) => (values.length > 0 ? summarize(values) : reason));
}
