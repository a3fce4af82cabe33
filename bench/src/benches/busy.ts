import { type ChildProcess, spawn } from 'node:child_process';
import { LARGE, MAIN, TINY, type Work } from '../nets.js';
import { makeRow, type Row } from '../row.js';
import { takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';
import { label } from './engine/compare.js';
import { close, contestant, type Kind, ours } from './sides.js';

/** What is timed, and how often in a turn. */
const WORKS: readonly (readonly [kind: Kind, work: Work, runs: number])[] = [
  ['step', MAIN, 5],
  ['step', TINY, 40],
  ['forward', { ...LARGE, batch: 1 }, 20],
];

/** Other processes that keep a core busy each. */
const OTHERS = { quiet: 0, busy: 1 } as const;

/** ONNX Runtime's waiting threads, asleep or spinning, with nothing else on the machine and beside a busy process. */
export const busy: Bench = {
  name: 'busy',
  title: 'A busy machine',
  parts: Object.keys(OTHERS),
  async *rows({ rounds, wants }) {
    for (const [part, count] of Object.entries(OTHERS)) {
      if (!wants(part)) continue;
      const others = Array.from({ length: count }, keepCoreBusy);
      try {
        for (const [kind, work, runs] of WORKS)
          yield* compareThreads(
            `${label(kind, work)}, ${count === 0 ? 'nothing else running' : `${count} busy process beside`}`,
            kind,
            work,
            { rounds, runs },
          );
      } finally {
        for (const other of others) other.kill();
      }
    }
  },
};

async function* compareThreads(
  title: string,
  kind: Kind,
  work: Work,
  turns: { readonly rounds: number; readonly runs: number },
): AsyncGenerator<Row> {
  const asleep = ours('onnxruntime', { threads: 2, spinning: false });
  const peers = {
    '2 threads that spin': ours('onnxruntime', { threads: 2, spinning: true }),
    '1 thread': ours('onnxruntime', { threads: 1 }),
  };
  const sides = [asleep, ...Object.values(peers)];
  try {
    const [mine = 'not measured', ...theirs] = await takeTurns(
      sides.map((side) => contestant(side, kind, work)),
      turns,
    );
    for (const [i, peer] of Object.keys(peers).entries())
      yield makeRow({
        work: `${title}: 2 threads that sleep`,
        peer,
        ours: mine,
        theirs: theirs[i] ?? 'not measured',
        unit: 'ms',
      });
  } finally {
    close(sides);
  }
}

const keepCoreBusy = (): ChildProcess => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
