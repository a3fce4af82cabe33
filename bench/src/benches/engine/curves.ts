import { crossover, type Pair } from '../../crossover.js';
import { LARGE, MAIN, type Work } from '../../nets.js';
import { makeRow, type Row } from '../../row.js';
import { summarize } from '../../statistics.js';
import { ours, pytorch } from '../sides.js';
import { choice, ENGINES } from './choice.js';
import { compare } from './compare.js';

/** 0.07 to 125 million parameters. */
const CHANNELS = [4, 8, 16, 32, 64, 112, 176];
const BATCHES = [1, 2, 4, 8, 16, 32, 64];
const MAX_ROUNDS = 2; // fourteen places with three processes each
/** From here on ONNX Runtime needs more than 5 GB, beside two other processes; its row at this size is in `xs`. */
const ONNX_UP_TO = 60e6;

/** The 16.6 M network, thinner and wider. */
const width = (modelChannels: number): Work => ({
  ...LARGE,
  title: `${modelChannels} channels, 32×32`,
  net: { ...LARGE.net, modelChannels, channelsPerHead: modelChannels },
});

/** Time of a step over the network's size, and where the two engines of ours change places. */
export async function* overParameters(rounds: number): AsyncGenerator<Row> {
  const pairs: Pair[] = [];
  for (const channels of CHANNELS) {
    const work = width(channels);
    const { engine: judged, parameters } = await choice(work);
    const times = new Map<string, number | null>();
    for await (const row of compare({
      kind: 'step',
      work: { ...work, title: `${(parameters / 1e6).toFixed(2)} M net, ${work.title}` },
      ours: ENGINES.filter((name) => name !== 'onnxruntime' || parameters < ONNX_UP_TO).map((name) => ours(name)),
      theirs: [{ side: pytorch() }],
      judged,
      turns: { rounds: Math.min(rounds, MAX_ROUNDS), runs: runsFor(parameters * work.batch) },
      point: { curve: 'parameters', x: parameters },
    })) {
      times.set(row.point?.engine ?? '', row.ours);
      yield row;
    }
    const [a, b] = [times.get('onnxruntime'), times.get('libtensorflow')];
    if (typeof a === 'number' && typeof b === 'number') pairs.push({ x: parameters, a, b });
  }
  if (pairs.length > 0) yield crossoverRow(pairs);
}

function crossoverRow(pairs: readonly Pair[]): Row {
  const at = crossover(pairs);
  return makeRow({
    work: `size from which on libtensorflow is faster, batch ${LARGE.batch}, 32×32`,
    peer: 'onnxruntime',
    ours: typeof at === 'number' ? summarize([at / 1e6]) : `${at} faster on this curve`,
    theirs: '',
    unit: 'M parameters',
  });
}

/** Time of a step of the main job's network over the batch. */
export async function* overBatches(rounds: number): AsyncGenerator<Row> {
  const { engine: judged, parameters } = await choice(MAIN);
  for (const batch of BATCHES)
    yield* compare({
      kind: 'step',
      work: { ...MAIN, batch },
      ours: ENGINES.map((name) => ours(name)),
      theirs: [{ side: pytorch() }],
      judged,
      turns: { rounds: Math.min(rounds, MAX_ROUNDS), runs: runsFor(parameters * batch) },
      point: { curve: 'batch', x: batch },
    });
}

/** Runs of a turn: about a second of them, at most ten. */
const runsFor = (work: number): number => Math.min(10, Math.max(1, Math.round(1.5e8 / work)));
