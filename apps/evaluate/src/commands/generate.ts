import { access } from 'node:fs/promises';
import { UsageError } from '@edm2/app-kit/command/errors';
import { withProgress } from '@edm2/app-kit/command/progress';
import { writeGrid } from '@edm2/app-kit/pictures/write-grid';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { type PixelBatch, sliceBatch } from '@edm2/app-kit/sample/images';
import { samplePixels } from '@edm2/app-kit/sample/sample-pixels';
import type { Command } from 'commander';
import { encode } from 'fast-png';
import { imagePath } from '../generate/image-name.js';
import { modelSettings } from '../generate/model-settings.js';
import { type Model, openModel } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { type ImageSettings, writeSettings } from '../generate/settings-file.js';
import { interruptible } from '../interruptible.js';
import { type ModelOptions, samplerSettings, withModelOptions } from '../options/model-options.js';
import { positive, type Rank, ranges, rank } from '../options/parse.js';
import { sayExpected } from '../presets.js';
import { say } from '../say.js';

interface GenerateOptions extends ModelOptions {
  readonly outdir?: string;
  readonly subdirs?: boolean;
  readonly seeds: readonly number[];
  readonly class?: readonly number[];
  readonly grid?: string;
  readonly columns: number;
  readonly rank?: Rank;
  readonly skipExisting?: boolean;
}

/** Images in a grid picture beyond this make a file that nobody opens. */
const MAX_CELLS = 10_000;

/** `edm2-evaluate generate`. */
export const addGenerateCommand = (program: Command, typed: string): Command =>
  withModelOptions(program.command('generate'))
    .description('Draw images, one per seed: as PNG files, as one grid, or both.')
    .option('--outdir <folder>', 'where the images go')
    .option('--subdirs', 'a sub-folder for every 1000 seeds')
    .option('--seeds <list>', 'such as 0-63,100', ranges('--seeds'), range(16))
    .option(
      '--class <list>',
      'class, or several such as 0-9 in turn (default: each seed draws its own)',
      ranges('--class'),
    )
    .option('--grid <file>', 'all images in one PNG; with --class a row for each class')
    .option('--columns <n>', 'images per row of the grid', positive, 10)
    .option('--rank <i/n>', 'draw every n-th image, from the i-th on: n processes share the seeds', rank)
    .option('--skip-existing', 'go on with a folder: leave images alone that are there')
    .action((options: GenerateOptions) => generateCommand(options, typed));

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

async function generateCommand(options: GenerateOptions, typed: string): Promise<void> {
  const { outdir, grid, columns } = options;
  if (outdir === undefined && grid === undefined)
    throw new UsageError('--outdir: expected a folder, or --grid and a file, got neither. Say where the images go.');
  if (grid !== undefined && (options.rank || options.skipExisting || options.seeds.length > MAX_CELLS))
    throw new UsageError(
      `--grid: expected at most ${MAX_CELLS} seeds, no --rank and no --skip-existing, got one of these. A grid is drawn whole.`,
    );
  const kept =
    outdir === undefined
      ? 'nothing was written'
      : `the images drawn so far are in ${outdir}. Go on with: ${typed}${options.skipExisting ? '' : ' --skip-existing'}`;
  await interruptible(kept, async (signal) => {
    const model = await openModel(options);
    try {
      const classOf = seedClasses(model.config.labelDim, options.class, grid === undefined ? 1 : columns);
      const settings = await settingsOf(options, model);
      if (outdir !== undefined) await writeSettings(outdir, settings, options.skipExisting === true);
      const seeds = await seedsToDraw(options);
      const drawn: PixelBatch[] = [];
      await withProgress('drawing', seeds.length, 'images', async (onProgress) => {
        for await (const part of samplePixels({
          ...model,
          seeds,
          classOf,
          settings: samplerSettings(options),
          batch: Math.min(options.batch, shareOf(options).length),
          // Images drawn on another day are then the same to the last bit.
          fullBatches: true,
          onProgress,
          signal,
        })) {
          if (grid !== undefined) drawn.push(part.images);
          if (outdir !== undefined) await writeImages(outdir, part.seeds, part.images, options.subdirs === true);
        }
      });
      if (grid !== undefined && drawn.length > 0) await writeGrid(grid, joinBatches(drawn), { columns });
      const places = [...(outdir === undefined ? [] : [`${outdir}/`]), ...(grid === undefined ? [] : [grid])];
      say(`${seeds.length} images → ${places.join(', ')}`);
      sayExpected(model.preset);
    } finally {
      model.dispose();
    }
  });
}

/** What decides an image, beside its seed. */
async function settingsOf(options: GenerateOptions, model: Model): Promise<ImageSettings> {
  return {
    ...(await modelSettings(options, model)),
    ...(options.class && options.grid !== undefined ? { columns: options.columns } : {}),
  };
}

/** This process's share of the seeds. */
const shareOf = ({ seeds, rank: share }: GenerateOptions): number[] =>
  seeds.filter((_, i) => share === undefined || i % share.of === share.index);

/** The seeds of this process whose images are still to be drawn. */
async function seedsToDraw(options: GenerateOptions): Promise<number[]> {
  const { outdir, subdirs, skipExisting } = options;
  const mine = shareOf(options);
  if (!skipExisting || outdir === undefined) return mine;
  const there = await Promise.all(
    mine.map((seed) =>
      access(imagePath(outdir, seed, subdirs === true)).then(
        () => true,
        () => false,
      ),
    ),
  );
  const left = mine.filter((_, i) => !there[i]);
  if (left.length < mine.length) say(`${mine.length - left.length} of ${mine.length} images are there already`);
  return left;
}

async function writeImages(outdir: string, seeds: readonly number[], images: PixelBatch, subdirs: boolean) {
  const [, height, width, channels] = images.shape;
  for (const [i, seed] of seeds.entries())
    await writeWhole(
      imagePath(outdir, seed, subdirs),
      encode({ width, height, channels, depth: 8, data: sliceBatch(images, i, i + 1).data }),
    );
}

function joinBatches(batches: readonly PixelBatch[]): PixelBatch {
  const [, height, width, channels] = batches[0]?.shape ?? [0, 0, 0, 0];
  const count = batches.reduce((sum, { shape }) => sum + shape[0], 0);
  const data = new Uint8Array(count * height * width * channels);
  let at = 0;
  for (const batch of batches) {
    data.set(batch.data, at);
    at += batch.data.length;
  }
  return { data, shape: [count, height, width, channels] };
}
