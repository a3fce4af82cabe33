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
  parts: ['encode', 'decode', 'encode-512', 'decode-512', 'strips'],
  async *rows({ rounds, wants }) {
    for (const kind of ['encode', 'decode'] as const)
      if (wants(kind)) yield* compare({ kind, side: 256, batch: 1 }, Math.min(rounds, MAX_ROUNDS));
    // The paper's size: 64×64 latents. A call takes half a minute.
    for (const kind of ['encode', 'decode'] as const)
      if (wants(`${kind}-512`)) yield* compare({ kind, side: 512, batch: 1 }, 1);
    if (wants('strips')) yield* compareStrips({ kind: 'decode', side: 1024, batch: 1 });
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

/** Decoding in strips against decoding at once: once each, compiling included. */
async function* compareStrips(work: VaeWork): AsyncGenerator<Row> {
  const sides = [true, false].map(
    (strips): VaeSide => ({
      name: strips ? 'in strips' : 'at once',
      peer: startOurs(),
      job: { work: 'vae', engine: 'onnxruntime', ...work, strips },
    }),
  );
  try {
    const times = [];
    const peaks = [];
    for (const side of sides) {
      times.push(
        await attempt(async () => summarize((await side.peer?.ask({ ...side.job, runs: 1 }))?.['ms'] as number[])),
      );
      peaks.push(await attempt(() => resident(side)));
    }
    const row = { work: `onnxruntime: ${TITLES.decode} in strips, ${work.side}×${work.side}`, peer: 'at once' };
    yield makeRow({ ...row, ours: times[0] ?? '', theirs: times[1] ?? '', unit: 'ms' });
    const memory = { ...row, work: `${row.work}: largest resident set` };
    yield makeRow({ ...memory, ours: peaks[0] ?? '', theirs: peaks[1] ?? '', unit: 'GiB' });
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
