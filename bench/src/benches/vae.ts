import { attempt } from '../attempt.js';
import type { Peer } from '../peer.js';
import { hasPyTorch, startOurs, startPyTorch } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { summarize } from '../statistics.js';
import { type Contestant, takeTurns } from '../take-turns.js';
import { STABLE_DIFFUSION, type VaeKind, type VaeWork } from '../vae.js';
import type { Bench } from './bench.js';

const ENGINES = ['libtensorflow', 'onnxruntime'] as const;
const PYTORCH = 'PyTorch eager';
const MAX_ROUNDS = 3; // a call takes seconds
const GIB = 1024; // MiB
const AS_FAST = { ratio: 1 };

/** Stable Diffusion's autoencoder at full size: time of a call and the largest resident set, each engine against PyTorch. */
export const vae: Bench = {
  name: 'vae',
  title: 'Autoencoder of Stable Diffusion',
  parts: ['encode', 'decode'],
  async *rows({ rounds, wants }) {
    for (const kind of ['encode', 'decode'] as const)
      if (wants(kind)) yield* compare({ kind, side: 256, batch: 1 }, Math.min(rounds, MAX_ROUNDS));
  },
};

interface VaeSide {
  readonly name: string;
  readonly peer: Peer | undefined;
  readonly job: Readonly<Record<string, unknown>>;
}

async function* compare(work: VaeWork, rounds: number): AsyncGenerator<Row> {
  const theirs: VaeSide = {
    name: PYTORCH,
    peer: hasPyTorch() ? startPyTorch() : undefined,
    job: { work: 'vae', config: STABLE_DIFFUSION, ...work },
  };
  const mine = ENGINES.map(
    (engine): VaeSide => ({
      name: engine,
      peer: startOurs(),
      job: { work: 'vae', engine, ...work },
    }),
  );
  const sides = [...mine, theirs];
  try {
    const times = await takeTurns(sides.map(contestant), { rounds, runs: 1 });
    const peaks = [];
    for (const side of sides) peaks.push(await attempt(() => resident(side)));
    for (const [i, { name }] of mine.entries()) {
      const row = {
        work: `${name}: ${TITLES[work.kind]}, ${work.side}×${work.side}, batch ${work.batch}`,
        peer: PYTORCH,
      };
      yield makeRow({ ...row, ours: times[i] ?? '', theirs: times.at(-1) ?? '', unit: 'ms', goal: AS_FAST });
      yield makeRow({
        ...row,
        work: `${row.work}: largest resident set`,
        ours: peaks[i] ?? '',
        theirs: peaks.at(-1) ?? '',
        unit: 'GiB',
      });
    }
  } finally {
    for (const { peer } of sides) peer?.close();
  }
}

const TITLES: Readonly<Record<VaeKind, string>> = { encode: 'images to posteriors', decode: 'latents to images' };

const contestant = ({ peer, job }: VaeSide): Contestant | undefined =>
  peer && { measure: async (runs) => (await peer.ask({ ...job, runs }))['ms'] as number[] };

async function resident({ peer }: VaeSide) {
  if (peer === undefined) throw new Error('not installed');
  return summarize([((await peer.ask({ work: 'held' }))['maxRss'] as number) / GIB]);
}
