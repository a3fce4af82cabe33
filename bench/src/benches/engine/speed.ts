import { LARGE, MAIN, TINY, type Work, XS } from '../../nets.js';
import type { Row } from '../../row.js';
import { type Kind, ours, pytorch } from '../sides.js';
import { choice, ENGINES } from './choice.js';
import { compare, type Opponent } from './compare.js';
import type { CompiledPyTorch } from './compiled.js';

/** A comparison's goals, and how many runs a turn has. */
interface Against {
  readonly rounds: number;
  readonly runs: number;
  readonly eager?: number;
  /** Without it torch.compile takes no part. */
  readonly compile?: { readonly peer: CompiledPyTorch; readonly atLeast: number };
}

/** Both engines of ours against PyTorch, in float32. */
export async function* speed(kind: Kind, work: Work, { rounds, runs, eager, compile }: Against): AsyncGenerator<Row> {
  const theirs: Opponent[] = [{ side: pytorch(), atLeast: eager }];
  if (compile) theirs.push({ side: compile.peer.side(), atLeast: compile.atLeast, owned: false });
  const { engine: judged } = await choice(work);
  yield* compare({
    kind,
    work,
    ours: ENGINES.map((engine) => ours(engine)),
    theirs,
    judged,
    turns: { rounds, runs },
    detail: ', float32',
  });
}

/** bfloat16 against autocast. ONNX Runtime has no 16-bit convolutions on a CPU and takes no part. */
export async function* halfPrecision(work: Work, { rounds, runs, eager }: Against): AsyncGenerator<Row> {
  yield* compare({
    kind: 'step',
    work,
    ours: [ours('libtensorflow', { precision: 'bfloat16' })],
    theirs: [{ side: pytorch({ precision: 'bfloat16' }), atLeast: eager }],
    judged: 'libtensorflow',
    turns: { rounds, runs },
    detail: ', bfloat16',
  });
}

/** The parts of the speed table, by what `--only` calls them. */
export const speedParts = {
  large: (rounds: number, peer: CompiledPyTorch) =>
    speed('step', LARGE, { rounds, runs: 3, eager: 1.4, compile: { peer, atLeast: 1.15 } }),
  bfloat16: (rounds: number) => halfPrecision(LARGE, { rounds, runs: 3, eager: 1.5 }),
  batch16: (rounds: number, peer: CompiledPyTorch) =>
    speed('step', { ...LARGE, batch: 16 }, { rounds, runs: 1, eager: 1.3, compile: { peer, atLeast: 1.1 } }),
  tiny: (rounds: number) => speed('step', TINY, { rounds, runs: 20, eager: 3 }),
  main: (rounds: number) => speed('step', MAIN, { rounds, runs: 4, eager: 1.5 }),
  forward: async function* (rounds: number): AsyncGenerator<Row> {
    yield* speed('forward', LARGE, { rounds, runs: 4, eager: 2 });
    yield* speed('forward', { ...LARGE, batch: 1 }, { rounds, runs: 16, eager: 3 });
  },
  xs: (rounds: number) => speed('step', XS, { rounds, runs: 1, eager: 1.2 }),
} as const;
