import { setTimeout as sleep } from 'node:timers/promises';
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
 */
export async function takeTurns(
  contestants: readonly Contestant[],
  { rounds, runs, rest = 60 }: TurnOptions,
): Promise<Summary[]> {
  const values: number[][] = contestants.map(() => []);
  for (const contestant of contestants) await contestant.measure(1);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const index = (turn + round) % contestants.length;
      await sleep(rest);
      values[index]?.push(...((await contestants[index]?.measure(runs)) ?? []));
    }
  }
  return values.map(summarize);
}
