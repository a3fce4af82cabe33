import { LARGE, MAIN, TINY, type Work, XS } from '../../nets.js';
import type { Goal, Row } from '../../row.js';
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
  /** Of the largest resident set; without it memory is not looked at. */
  readonly peak?: Goal;
  /** Default both. */
  readonly engines?: readonly string[];
}

/** Engines of ours against PyTorch, in float32. */
async function* speed(kind: Kind, work: Work, options: Against): AsyncGenerator<Row> {
  const { rounds, runs, eager, compile, peak, engines = ENGINES } = options;
  const theirs: Opponent[] = [{ side: pytorch(), atLeast: eager }];
  if (compile) theirs.push({ side: compile.peer.side(), atLeast: compile.atLeast, owned: false });
  const { engine: judged } = await choice(work, kind);
  yield* compare({
    kind,
    work,
    ours: engines.map((engine) => ours(engine)),
    theirs,
    judged,
    turns: { rounds, runs },
    detail: ', float32',
    ...(peak && { peak }),
  });
}

/** bfloat16 against autocast. ONNX Runtime has no 16-bit convolutions on a CPU and takes no part. */
async function* halfPrecision(work: Work, { rounds, runs, eager }: Against): AsyncGenerator<Row> {
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

/** XLA against our other engines: what people choose between. */
async function* besideXla(kind: Kind, work: Work, rounds: number, runs: number): AsyncGenerator<Row> {
  yield* compare({
    kind,
    work,
    ours: [ours('xla')],
    theirs: ENGINES.map((engine) => ({ side: ours(engine) })),
    judged: '',
    turns: { rounds, runs },
    detail: ', float32',
  });
}

const MAX_ROUNDS = 3; // of networks that take seconds a step
const AS_MUCH: Goal = { ratio: 1 };
const EIGHT_GIB: Goal = { atMost: 8 };

/** The parts of the speed table, by what `--only` calls them. */
export const speedParts = {
  large: (rounds: number, peer: CompiledPyTorch) =>
    speed('step', LARGE, { rounds, runs: 3, eager: 1.4, compile: { peer, atLeast: 1.15 }, peak: AS_MUCH }),
  bfloat16: (rounds: number) => halfPrecision(LARGE, { rounds, runs: 3, eager: 1.5 }),
  batch16: (rounds: number, peer: CompiledPyTorch) =>
    speed(
      'step',
      { ...LARGE, batch: 16 },
      { rounds, runs: 1, eager: 1.3, compile: { peer, atLeast: 1.1 }, peak: AS_MUCH },
    ),
  tiny: (rounds: number) => speed('step', TINY, { rounds, runs: 20, eager: 3 }),
  main: (rounds: number) => speed('step', MAIN, { rounds, runs: 4, eager: 1.5 }),
  forward: async function* (rounds: number): AsyncGenerator<Row> {
    yield* speed('forward', LARGE, { rounds, runs: 4, eager: 2 });
    yield* speed('forward', { ...LARGE, batch: 1 }, { rounds, runs: 16, eager: 3 });
  },
  xla: async function* (rounds: number): AsyncGenerator<Row> {
    yield* besideXla('step', TINY, rounds, 20);
    yield* besideXla('step', MAIN, rounds, 4);
    yield* besideXla('forward', { ...LARGE, batch: 1 }, rounds, 4);
  },
  'xla-large': (rounds: number) => besideXla('step', LARGE, rounds, 2),
  // One engine at a time: three processes of 4 to 9 GiB at once are too much for a small machine.
  xs: async function* (rounds: number): AsyncGenerator<Row> {
    const options = { rounds: Math.min(rounds, MAX_ROUNDS), runs: 1, eager: 1.2, peak: EIGHT_GIB };
    for (const engine of ENGINES) yield* speed('step', XS, { ...options, engines: [engine] });
  },
} as const;
