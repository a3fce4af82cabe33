import { LARGE } from '../../nets.js';
import { makeRow, type Row } from '../../row.js';
import { summarize } from '../../statistics.js';
import { type Contestant, takeTurns } from '../../take-turns.js';
import { ours } from '../sides.js';
import { choice, ENGINES } from './choice.js';
import { title } from './compare.js';
import type { CompiledPyTorch } from './compiled.js';

const AT_LEAST = 10;
const MAX_ROUNDS = 3;

/** From starting the process to the end of the first step, compiling included; torch.compile once, from an empty cache. */
export async function* first(rounds: number, compiled: CompiledPyTorch): AsyncGenerator<Row> {
  const seconds = await compiled.first(LARGE);
  const theirs = typeof seconds === 'string' ? seconds : summarize([seconds]);
  const results = await takeTurns(ENGINES.map(launch), { rounds: Math.min(rounds, MAX_ROUNDS), runs: 1 });
  const { engine: judged } = await choice(LARGE);
  for (const [i, engine] of ENGINES.entries())
    yield makeRow({
      work: `${title(engine, judged)}: process start to first step done, ${LARGE.title}, batch ${LARGE.batch}`,
      peer: 'PyTorch compile',
      ours: results[i] ?? 'not measured',
      theirs,
      unit: 's',
      goal: engine === judged ? { ratio: AT_LEAST } : undefined,
    });
}

const launch = (engine: string): Contestant => ({
  measure: async () => {
    const begun = performance.now();
    const { peer, job } = ours(engine);
    try {
      await peer?.ask(job('first', LARGE));
      return [(performance.now() - begun) / 1000];
    } finally {
      peer?.close();
    }
  },
});
