import { join } from 'node:path';
import { type Dataset, openDataset } from '@edm2/dataset';
import { writeFileAtomic } from '@edm2/tensor-files';
import { writeGrid } from 'edm2/parts';
import { createScorer, type DemoScore } from './score.js';
import { SIDE } from './write-images.js';

/** Images of a class that a grid shows. */
const SHOWN = 8;

/** What was drawn by a network, `<seed>.png` each: seed n is of the shown class number n modulo their count. */
export interface Drawn {
  readonly name: string;
  readonly folder: string;
  readonly grid: string;
}

/** What {@link showAndScore} is told of the classes. */
export interface ShownOptions {
  /** Images of a class that were drawn. */
  readonly rows: number;
  /** The classes that were drawn, in the order of the seeds. */
  readonly shown: readonly number[];
}

/** Draws the grids, scores each set, and writes `scores.json`. */
export async function showAndScore(
  outdir: string,
  imagesPath: string,
  drawn: readonly Drawn[],
  { rows, shown }: ShownOptions,
): Promise<DemoScore[]> {
  const columns = Math.min(SHOWN, rows);
  const dataset = await openDataset(imagesPath, { flags: {} });
  try {
    const byClass = await imagesByClass(dataset, shown, rows);
    // Set by set as many of each class, so that the sets differ in nothing but what they show.
    const score = createScorer(joined(byClass.flatMap((images) => images.slice(rows))), SIDE);
    const held = joined(byClass.flatMap((images) => images.slice(0, rows)));
    const scores = [score('real emoji, others than those compared with', held)];
    await grid(
      join(outdir, 'real.png'),
      byClass.flatMap((images) => images.slice(0, columns)),
      columns,
    );
    for (const { name, folder, grid: path } of drawn) {
      const images = await readAll(folder, rows * shown.length);
      scores.push(score(name, joined(images)));
      const cells = shown.flatMap((_, c) =>
        Array.from({ length: columns }, (__, i) => images[i * shown.length + c] as Uint8Array),
      );
      await grid(path, cells, columns);
    }
    await writeFileAtomic(join(outdir, 'scores.json'), `${JSON.stringify(scores, null, 2)}\n`);
    return scores;
  } finally {
    await dataset.close();
  }
}

/** Images of the shown classes, a list for each, of equal lengths: first so many that are shown, then those that are compared with. */
async function imagesByClass(dataset: Dataset, shown: readonly number[], rows: number): Promise<Uint8Array[][]> {
  const lists: Uint8Array[][] = shown.map(() => []);
  for (let i = 0; i < dataset.length; i++) {
    const list = lists[shown.indexOf(dataset.classOf(i))];
    if (list) list.push(Uint8Array.from(await dataset.read(i)));
  }
  const least = Math.min(...lists.map(({ length }) => length));
  // A step through the list: neighbours in it look alike.
  return lists.map((list) => {
    const picked = Array.from({ length: least }, (_, i) => list[Math.floor((i * list.length) / least)] as Uint8Array);
    return [
      ...picked.filter((_, i) => i % Math.floor(least / rows) === 0).slice(0, rows),
      ...picked.filter((_, i) => i % Math.floor(least / rows) !== 0),
    ];
  });
}

async function readAll(folder: string, count: number): Promise<Uint8Array[]> {
  const dataset = await openDataset(folder, { labels: false, flags: {} });
  try {
    return await Promise.all(Array.from({ length: count }, async (_, i) => Uint8Array.from(await dataset.read(i))));
  } finally {
    await dataset.close();
  }
}

const grid = (path: string, images: readonly Uint8Array[], columns: number): Promise<void> =>
  writeGrid(path, { data: joined(images), shape: [images.length, SIDE, SIDE, 3] }, { columns });

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
