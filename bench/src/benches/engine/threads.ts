import { LARGE } from '../../nets.js';
import { makeRow, type Row } from '../../row.js';
import { takeTurns } from '../../take-turns.js';
import { close, contestant, ours, pytorch } from '../sides.js';
import { ENGINES } from './choice.js';
import { label } from './compare.js';

/** What a second thread brings to each side: the ratio is 2 where it is all used. */
export async function* threads(rounds: number): AsyncGenerator<Row> {
  const one = [...ENGINES.map((engine) => ours(engine, { threads: 1 })), pytorch({ threads: 1 })];
  const two = [...ENGINES.map((engine) => ours(engine, { threads: 2 })), pytorch({ threads: 2 })];
  const sides = [...two, ...one];
  try {
    const results = await takeTurns(
      sides.map((side) => contestant(side, 'step', LARGE)),
      { rounds, runs: 2 },
    );
    for (const [i, { name }] of two.entries())
      yield makeRow({
        work: `${name}: ${label('step', LARGE)}, 2 threads`,
        peer: `${name}, 1 thread`,
        ours: results[i] ?? 'not measured',
        theirs: results[i + two.length] ?? 'not measured',
        unit: 'ms',
      });
  } finally {
    close(sides);
  }
}
