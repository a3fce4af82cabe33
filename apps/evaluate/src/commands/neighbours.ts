import { dirname } from 'node:path';
import { type EngineChoice, withEngineOptions } from '@edm2/app-kit/command/engine-options';
import { expectSource } from '@edm2/app-kit/command/expect-source';
import { withProgress } from '@edm2/app-kit/command/progress';
import { holdOut } from '@edm2/app-kit/data/hold-out';
import { openSquareImages } from '@edm2/app-kit/data/ready-images';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectFile, withOverwrite } from '@edm2/command/expect-destination';
import { wholeNumber } from '@edm2/command/whole-number';
import type { Dataset } from '@edm2/dataset';
import { makeFolder } from '@edm2/tensor-files';
import type { Command } from 'commander';
import { commandWords, openFeatures, startForSampling } from 'edm2/parts';
import { interruptible } from '../interruptible.js';
import { findNeighbours, type Looked, type Neighbour } from '../neighbours/find-neighbours.js';
import { type Look, lookAtPixels, lookWith } from '../neighbours/look.js';
import { type Cell, drawRows } from '../neighbours/picture.js';
import { summarise, summaryLines } from '../neighbours/summary.js';
import { withFeatures } from '../options/feature-options.js';
import { firstSeed, images as imageCount } from '../options/limits.js';
import { print, say } from '../say.js';

interface NeighboursOptions extends EngineChoice {
  readonly images?: string;
  readonly data?: string;
  readonly heldOut?: string;
  readonly features?: string;
  readonly output: string;
  readonly num: number;
  readonly nearest: number;
  readonly columns: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly overwrite?: boolean;
}

/** `edm2-evaluate neighbours`: whether a network draws, or remembers. */
export const addNeighboursCommand = (program: Command): Command =>
  withFeatures(
    withEngineOptions(
      withOverwrite(
        withDestination(
          program.command('neighbours'),
          '--output <file>',
          'the picture, a .png (default: neighbours.png)',
        ),
        'replace --output',
      ),
    ),
  )
    .description('Show generated images beside the training images that are nearest to them: whether they are copies.')
    .option('--images <path>', 'generated images: folder, zip or array')
    .option('--data <path>', 'the images that were trained on')
    .option(
      '--held-out <what>',
      'images that were not: a path, or the share that training had as --validation (with its --seed)',
    )
    .option('--num <n>', 'generated images to look at', imageCount, 1000)
    .option('--columns <n>', 'of them in the picture: the nearest ones first', wholeNumber({ most: 100 }), 10)
    .option('--nearest <n>', 'training images to show for each', wholeNumber({ most: 20 }), 3)
    .option('--seed <n>', 'of the training, for the share that is held out', firstSeed, 0)
    .option('--json', 'print figures and neighbours as JSON')
    .action((options: NeighboursOptions) =>
      neighboursCommand({ ...options, output: options.output ?? 'neighbours.png' }),
    );

/** The images that are compared, and what closes them. */
interface Sets {
  readonly generated: Dataset;
  readonly train: Dataset;
  readonly heldOut: Dataset | undefined;
}

async function neighboursCommand(options: NeighboursOptions): Promise<void> {
  const { images, data, heldOut, output, overwrite } = options;
  for (const [option, path] of [['--images', images] as const, ['--data', data] as const]) {
    if (path === undefined)
      throw new UsageError(`${option}: expected a folder or zip of images, got nothing. Name one.`);
    await expectSource(option, path, 'images');
  }
  if (!output.endsWith('.png'))
    throw new UsageError(`--output: expected a file name ending in .png, got ${output}. Name it so.`);
  await expectFile('--output', output, overwrite);
  const opened: Dataset[] = [];
  const open = async (path: string, option: string, fit?: Dataset, split?: 'test'): Promise<Dataset> => {
    const dataset = await openSquareImages(path, option, {
      labels: false,
      ...(fit ? { resolution: fit.resolution } : {}),
      ...(fit && (fit.channels === 1 || fit.channels === 3) ? { channels: fit.channels } : {}),
      ...(split ? { split } : {}),
      flags: { path: option },
    });
    opened.push(dataset);
    return dataset;
  };
  try {
    const generated = await open(images ?? '', '--images');
    const data_ = await open(data ?? '', '--data', generated);
    const share = heldOut === undefined ? Number.NaN : Number(heldOut);
    const parts = Number.isNaN(share) ? undefined : partsOf(data_, share, options.seed);
    const others =
      parts?.heldOut ??
      (heldOut === undefined
        ? undefined
        : await open(heldOut, '--held-out', generated, data_.kind === 'idx' ? 'test' : undefined));
    await compare({ generated, train: parts?.train ?? data_, heldOut: others }, options);
  } finally {
    for (const dataset of opened) await dataset.close();
  }
}

/** @throws {UsageError} when the share leaves one side without images. */
function partsOf(dataset: Dataset, share: number, seed: number) {
  const count = Math.round(share * dataset.sourceLength);
  if (count < 1 || count >= dataset.sourceLength)
    throw new UsageError(
      `--held-out: expected a share that leaves images on both sides, such as 0.1, or a path, got ${share} of ${dataset.sourceLength} images. Give that of --validation.`,
    );
  return holdOut(dataset, count, seed);
}

/** The first images of a set; of held-out ones more say nothing more. */
const some = (dataset: Dataset, most: number): Looked => ({
  dataset,
  indices: Array.from({ length: Math.min(most, dataset.length) }, (_, i) => i),
});

async function compare(sets: Sets, options: NeighboursOptions): Promise<void> {
  const { generated, train, heldOut } = sets;
  const { features: weights, num, nearest, output } = options;
  const engine = weights === undefined ? undefined : await startForSampling(options, weights);
  const network = engine && weights !== undefined ? await openFeatures(weights, engine, commandWords) : undefined;
  const look = network ? lookWith(network) : lookAtPixels(generated);
  try {
    await interruptible('nothing was written', async (signal) => {
      const own = some(generated, num);
      const features = await featuresOf(own, look);
      const all = some(train, Number.POSITIVE_INFINITY);
      const near = await withProgress('comparing with training images', train.length, 'images', (onProgress) =>
        findNeighbours(features, all, look, { k: Math.min(nearest, train.length), onProgress, signal }),
      );
      const unseen = heldOut && some(heldOut, num);
      const nearUnseen = unseen && (await findNeighbours(features, unseen, look, { k: 1, signal }));
      const baseline = unseen && (await findNeighbours(await featuresOf(unseen, look), all, look, { k: 1, signal }));
      const first = (found: readonly Neighbour[][]): number[] => found.map(([one]) => one?.distance ?? Number.NaN);
      const summary = summarise(first(near), baseline && first(baseline));
      await draw({ ...sets, near, nearUnseen, least: summary.heldOut?.least, title: look.name }, options);
      if (options.json)
        print(
          JSON.stringify({
            look: look.name,
            ...summary,
            neighbours: near.map((each, i) => named(i, each, nearUnseen?.[i], sets)),
          }),
        );
      else for (const line of summaryLines(summary, look.name)) print(line);
      say(
        `${output}: the ${Math.min(options.columns, near.length)} generated images that are nearest to training images`,
      );
    });
  } finally {
    network?.dispose();
  }
}

async function featuresOf({ dataset, indices }: Looked, look: Look): Promise<Float32Array> {
  const features = new Float32Array(indices.length * look.dims);
  for (let at = 0; at < indices.length; at += 256)
    features.set(await look.at(dataset, indices.slice(at, at + 256)), at * look.dims);
  return features;
}

/** One generated image and what is nearest to it, by name. */
const named = (
  index: number,
  near: readonly Neighbour[],
  unseen: readonly Neighbour[] | undefined,
  { generated, train, heldOut }: Sets,
) => ({
  image: generated.name(index),
  training: near.map(({ index: at, distance }) => ({ image: train.name(at), distance })),
  ...(unseen?.[0] && heldOut
    ? {
        heldOut: { image: heldOut.name(unseen[0].index), distance: unseen[0].distance },
        ratio: (near[0]?.distance ?? Number.NaN) / unseen[0].distance,
      }
    : {}),
});

/** Name of a row of training images: of those that are the nearest, the second nearest and so on. */
export const nearestName = (n: number): string => {
  const rank = n + 1;
  const ending = rank % 100 > 10 && rank % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][rank % 10] ?? 'th');
  return `${n === 0 ? '' : `${rank}${ending} `}nearest trained on`;
};

async function draw(
  {
    generated,
    train,
    heldOut,
    near,
    nearUnseen,
    least = Number.NEGATIVE_INFINITY,
    title,
  }: Sets & {
    readonly near: readonly Neighbour[][];
    readonly nearUnseen: readonly Neighbour[][] | undefined;
    readonly least: number | undefined;
    readonly title: string;
  },
  { columns, nearest, output }: NeighboursOptions,
): Promise<void> {
  const shown = near
    .map((found, index) => ({ index, distance: found[0]?.distance ?? Number.NaN }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, columns);
  const row = async (name: string, dataset: Dataset, of: readonly (Neighbour | undefined)[], mark = false) => ({
    name,
    cells: await Promise.all(
      of.map(async (one): Promise<Cell> => {
        const { index, distance } = one ?? { index: 0, distance: Number.NaN };
        return { pixels: await dataset.read(index), text: distance.toPrecision(3), marked: mark && distance < least };
      }),
    ),
  });
  const ratios = shown.map(({ index, distance }) => {
    const other = nearUnseen?.[index]?.[0]?.distance;
    return other === undefined ? '' : `ratio ${(distance / other).toFixed(2)}`;
  });
  const own = await row('generated', generated, shown);
  const rows = [{ ...own, cells: own.cells.map((cell, i) => ({ ...cell, text: ratios[i] ?? '' })) }];
  for (let n = 0; n < Math.min(nearest, train.length); n++)
    rows.push(
      await row(
        nearestName(n),
        train,
        shown.map(({ index }) => near[index]?.[n]),
        n === 0,
      ),
    );
  if (heldOut && nearUnseen)
    rows.push(
      await row(
        'nearest held out',
        heldOut,
        shown.map(({ index }) => nearUnseen[index]?.[0]),
      ),
    );
  const { resolution: side, channels } = generated;
  await makeFolder(dirname(output));
  await writeWhole(output, await drawRows(rows, { side, channels, title: `Distances: ${title}` }));
}
