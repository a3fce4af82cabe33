import { LARGE, MAIN, TINY, type Work } from '../../nets.js';
import { makeRow, type Row } from '../../row.js';
import { takeTurns } from '../../take-turns.js';
import { close, contestant, type Kind, ours } from '../sides.js';
import { label } from './compare.js';

const WORKS: readonly (readonly [Kind, Work, number])[] = [
  ['step', LARGE, 2],
  ['step', MAIN, 5],
  ['step', TINY, 20],
  ['forward', { ...LARGE, batch: 1 }, 10],
];

/** What rounding to 16 bits brings on this processor: below 1 it costs. ONNX Runtime has no such kernels on a CPU and refuses. */
export async function* rounding(rounds: number): AsyncGenerator<Row> {
  for (const precision of ['bfloat16', 'float16'] as const)
    for (const [kind, work, runs] of WORKS) {
      const sides = [ours('libtensorflow', { precision }), ours('libtensorflow')];
      try {
        const [rounded, full] = await takeTurns(
          sides.map((side) => contestant(side, kind, work)),
          { rounds, runs },
        );
        yield makeRow({
          work: `libtensorflow: ${label(kind, work)}, ${precision}`,
          peer: 'the same in float32',
          ours: rounded ?? 'not measured',
          theirs: full ?? 'not measured',
          unit: 'ms',
        });
      } finally {
        close(sides);
      }
    }
}
