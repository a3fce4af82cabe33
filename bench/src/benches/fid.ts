import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../attempt.js';
import { disagreement } from '../disagreement.js';
import { type FeatureNet, VISION_TRANSFORMERS } from '../fid.js';
import type { Peer } from '../peer.js';
import { hasPyTorch, pythonPackages, SCRATCH, startOurs, startPyTorch } from '../places.js';
import { makeRow, type Row } from '../row.js';
import { takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';

const DIMS = 2048;
const ENGINES = ['onnxruntime', 'libtensorflow'] as const;
const NETS: readonly { readonly net: FeatureNet; readonly title: string; readonly batch: number }[] = [
  { net: 'inception', title: 'Inception, 299×299', batch: 16 },
  { net: 'dinov2-vits14', title: 'DINOv2 ViT-S/14, 224×224', batch: 16 },
  { net: 'dinov2-vitl14', title: 'DINOv2 ViT-L/14, 224×224', batch: 4 },
];
const MAX_ROUNDS = 5; // a call takes seconds
const DISTANCE_ROUNDS = 3; // SciPy's takes half a minute
const SECOND = 1000; // ms

/** The Fréchet distance against SciPy's matrix root, and the feature networks against PyTorch. */
export const fid: Bench = {
  name: 'fid',
  title: 'Scores of images',
  parts: ['distance', ...NETS.map(({ net }) => net)],
  async *rows({ rounds, wants }) {
    const folder = join(SCRATCH, 'fid');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    try {
      if (wants('distance')) yield* distances(folder, Math.min(rounds, DISTANCE_ROUNDS));
      for (const work of NETS) if (wants(work.net)) yield* features({ ...work, folder }, Math.min(rounds, MAX_ROUNDS));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** OpenBLAS of the Python side's NumPy: the same library for both. */
function openBlas(): string | undefined {
  const packages = pythonPackages();
  const libraries = packages && join(packages, 'numpy.libs');
  try {
    const name = libraries && readdirSync(libraries).find((file) => file.includes('openblas'));
    return libraries && name && join(libraries, name);
  } catch {
    return undefined;
  }
}

async function* distances(folder: string, rounds: number): AsyncGenerator<Row> {
  const files = ['a', 'b'].map((name) => join(folder, `${name}.npz`));
  const values = new Map<string, number>();
  const library = openBlas();
  const [typed, lapack] = [startOurs(), startOurs()];
  const scipy = hasPyTorch() ? startPyTorch() : undefined;
  const contestant = (name: string, peer: Peer, options: object = {}) => ({
    async measure() {
      const { ms, value } = await peer.ask({ work: 'distance', files, ...options });
      values.set(name, value as number);
      return ms as number[];
    },
  });
  try {
    for (const [i, file] of files.entries()) await typed.ask({ work: 'store statistics', file, seed: i, dims: DIMS });
    const [plain = '', fast = '', theirs = ''] = await takeTurns(
      [
        contestant('typed', typed),
        library === undefined ? undefined : contestant('lapack', lapack, { library }),
        scipy && contestant('scipy', scipy),
      ],
      { rounds, runs: 1 },
    );
    const truth = values.get('scipy') ?? Number.NaN;
    const row = (name: string, title: string, ours: typeof plain, seconds: number) => [
      makeRow({
        work: `Fréchet distance, ${DIMS} dims: ${title}`,
        peer: "SciPy's sqrtm",
        ours,
        theirs,
        unit: 'ms',
        goal: { ratio: 5 },
        note: `results agree to ${Math.abs((values.get(name) ?? Number.NaN) / truth - 1).toExponential(0)}`,
      }),
      makeRow({
        work: `Fréchet distance, ${DIMS} dims: ${title}, time alone`,
        peer: '–',
        ours,
        theirs: '',
        unit: 'ms',
        goal: { atMost: seconds * SECOND },
      }),
    ];
    yield* row('lapack', 'through OpenBLAS', fast, 2);
    yield* row('typed', 'typed arrays', plain, 15);
  } finally {
    for (const peer of [typed, lapack, scipy]) peer?.close();
  }
}

interface NetWork {
  readonly net: FeatureNet;
  readonly title: string;
  readonly batch: number;
  readonly folder: string;
}

async function* features({ net, title, batch, folder }: NetWork, rounds: number): AsyncGenerator<Row> {
  const work = { net, batch, folder };
  const maker = startOurs();
  try {
    await maker.ask({ work: 'store features', ...work });
  } finally {
    maker.close();
  }
  const shape = net === 'inception' ? undefined : VISION_TRANSFORMERS[net];
  const output = (name: string) => join(folder, `${name}.safetensors`);
  const sides = [
    ...ENGINES.map((engine) => ({
      name: engine as string,
      peer: startOurs() as Peer | undefined,
      options: { engine } as object,
    })),
    { name: 'pytorch', peer: hasPyTorch() ? startPyTorch() : undefined, options: { shape } },
  ];
  try {
    const times = await takeTurns(
      sides.map(
        ({ name, peer, options }) =>
          peer && {
            async measure(runs) {
              const job = { work: 'features', ...work, ...options, runs, output: output(name) };
              return ((await peer.ask(job))['ms'] as number[]).map((ms) => ms / batch);
            },
          },
      ),
      { rounds, runs: 1 },
    );
    const theirs = times.at(-1) ?? '';
    const rate = (side: typeof theirs) => (typeof side === 'string' ? '–' : (SECOND / side.median).toPrecision(3));
    for (const [i, engine] of ENGINES.entries()) {
      const mine = times[i] ?? '';
      const error = await attempt(() => disagreement(output(engine), output('pytorch')));
      yield makeRow({
        work: `${engine}: ${title}, batch ${batch}`,
        peer: 'PyTorch eager',
        ours: mine,
        theirs,
        unit: 'ms/image',
        goal: { ratio: 1 },
        note: `${rate(mine)} and ${rate(theirs)} images/s; features agree to ${typeof error === 'string' ? error : error.toExponential(0)}`,
      });
    }
  } finally {
    for (const { peer } of sides) peer?.close();
  }
}
