import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createLoader, openDataset } from '@edm2/dataset';
import { convertDataset } from '@edm2/dataset/convert';
import { createRandom } from '@edm2/random';
import sharp from 'sharp';
import { attempt } from '../attempt.js';
import { hasPyTorch, SCRATCH, startPyTorch } from '../places.js';
import { makeRow } from '../row.js';
import { summarize } from '../statistics.js';
import { takeTurns } from '../take-turns.js';
import type { Bench } from './bench.js';

const PHOTOS = 24;
const SIZES = [
  [3000, 2000],
  [1600, 1200],
] as const;
const SIDE = 64;
const SETTINGS = { transform: 'center-crop-dhariwal', size: { width: SIDE, height: SIDE } } as const;
/** Images of the loader's zip, and of a batch. */
const LOADED = 2048;
const BATCH = 64;
/** Images a second that feed any step on two cores. */
const RATE = 2000;

/** Photographs to a dataset, against Pillow on as many processes as there are cores; and how fast the dataset is read. */
export const convert: Bench = {
  name: 'convert',
  title: 'Datasets of photographs',
  parts: ['photos', 'loader'],
  async *rows({ rounds, wants }) {
    rmSync(SCRATCH, { recursive: true, force: true });
    const photos = join(SCRATCH, 'photos');
    mkdirSync(photos, { recursive: true });
    try {
      if (wants('photos')) {
        await writePhotos(photos);
        yield await photosRow(photos, rounds);
      }
      if (wants('loader')) yield await loaderRow(rounds);
    } finally {
      rmSync(SCRATCH, { recursive: true, force: true });
    }
  },
};

/** Large shapes and the noise of a sensor, as JPEG of quality 88. */
async function writePhotos(folder: string): Promise<void> {
  for (let i = 0; i < PHOTOS; i++) {
    const [width, height] = SIZES[i % SIZES.length] as readonly [number, number];
    const random = createRandom(i).stream('bench', 'photos');
    const coarse = Uint8Array.from(random.uniform(75 * 50 * 3), (value) => 256 * value);
    const shapes = await sharp(coarse, { raw: { width: 75, height: 50, channels: 3 } })
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer();
    const noise = random.uniform(shapes.length);
    const noisy = shapes.map((value, at) => Math.min(255, Math.max(0, value + 24 * (noise[at] as number) - 12)));
    const file = await sharp(noisy, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 88 })
      .toBuffer();
    writeFileSync(join(folder, `${i}.jpg`), file);
  }
}

async function photosRow(photos: string, rounds: number) {
  const peer = hasPyTorch() ? startPyTorch() : undefined;
  const processes = availableParallelism();
  const job = { work: 'convert', folder: photos, side: SIDE, processes };
  const ours = async (): Promise<number> => {
    const begun = performance.now();
    await convertDataset(photos, undefined, { ...SETTINGS, concurrency: 2 * processes });
    return (performance.now() - begun) / PHOTOS;
  };
  try {
    const [mine = 'not measured', theirs = 'not measured'] = await takeTurns(
      [
        { measure: async (runs) => repeat(runs, ours) },
        peer && {
          measure: async (runs) => ((await peer.ask({ ...job, runs }))['ms'] as number[]).map((ms) => ms / PHOTOS),
        },
      ],
      { rounds, runs: 1 },
    );
    const work = `${PHOTOS} JPEGs of 2 and 6 megapixels to ${SIDE}×${SIDE}, each`;
    const note = `Pillow in ${processes} processes`;
    return makeRow({ work, peer: 'Pillow', ours: mine, theirs, unit: 'ms', goal: { ratio: 1 }, note });
  } finally {
    peer?.close();
  }
}

async function repeat(runs: number, once: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < runs; i++) values.push(await once());
  return values;
}

async function loaderRow(rounds: number) {
  const folder = join(SCRATCH, 'tiles');
  mkdirSync(folder, { recursive: true });
  const tile = await sharp(
    Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7) % 251),
    {
      raw: { width: SIDE, height: SIDE, channels: 3 },
    },
  )
    .png()
    .toBuffer();
  for (let i = 0; i < LOADED; i++) writeFileSync(join(folder, `${i}.png`), tile);
  const path = join(SCRATCH, 'tiles.zip');
  await convertDataset(folder, path, SETTINGS);
  const dataset = await openDataset(path, { cacheBytes: 0 });
  const epoch = async (): Promise<number> => {
    const begun = performance.now();
    for await (const _ of createLoader(dataset, { batch: BATCH, seed: 0, startImage: 0, endImage: LOADED }));
    return (performance.now() - begun) / LOADED;
  };
  try {
    const times = await attempt(() => repeat(rounds + 1, epoch));
    const ours = typeof times === 'string' ? times : summarize(times.slice(1));
    const work = `loader: images of ${SIDE}×${SIDE} from a stored zip, nothing kept, each`;
    return makeRow({ work, peer: '–', ours, theirs: 'no peer', unit: 'ms', goal: { atMost: 1000 / RATE } });
  } finally {
    await dataset.close();
  }
}
