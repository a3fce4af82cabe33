import { isGiven, refuseIdle } from '@edm2/app-kit/command/idle-options';
import { withProgress } from '@edm2/app-kit/command/progress';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectFile, expectFolder, withOverwrite } from '@edm2/command/expect-destination';
import { type Command, Option } from 'commander';
import {
  imagePath,
  joinBatches,
  type PixelBatch,
  type SampledPixels,
  samplePixels,
  sliceBatch,
  writeGrid,
  writeImage,
} from 'edm2/parts';
import { openImageFolder } from '../generate/image-folder.js';
import { modelSettings } from '../generate/model-settings.js';
import { type Model, openModel } from '../generate/open-model.js';
import { seedClasses } from '../generate/seed-classes.js';
import { interruptible } from '../interruptible.js';
import { columns } from '../options/limits.js';
import {
  checkSamplingOptions,
  type ModelOptions,
  samplerSettings,
  withModelOptions,
} from '../options/model-options.js';
import { type Rank, ranges, rank } from '../options/parse.js';
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
  readonly overwrite?: boolean;
}

/** Images in a grid picture beyond this make a file that nobody opens. */
const MAX_CELLS = 10_000;

/** `edm2-evaluate generate`. */
export const addGenerateCommand = (program: Command, typed: string): Command =>
  withOverwrite(
    withDestination(
      withModelOptions(program.command('generate')),
      '--outdir <folder>',
      'where the images go; a folder of images of the same settings goes on',
    ),
    'remove images of other settings from --outdir, and replace the file of --grid',
  )
    .description('Draw images, one per seed: as PNG files, as one grid, or both.')
    .option('--subdirs', 'a sub-folder for every 1000 seeds')
    .addOption(new Option('--seeds <list>', 'such as 0-63,100').argParser(ranges('--seeds')).default(range(16), '0-15'))
    .option(
      '--class <list>',
      'class, or several such as 0-9 in turn (default: each seed draws its own)',
      ranges('--class'),
    )
    .option('--grid <file>', 'all images in one PNG; with --class a row for each class')
    .option('--columns <n>', 'images per row of the grid', columns, 10)
    .option('--rank <i/n>', 'draw every n-th image, from the i-th on: n processes share the seeds', rank)
    // Images that are there are left alone in any case; scripts may still ask for it.
    .addOption(new Option('--skip-existing').hideHelp())
    .action((options: GenerateOptions, command: Command) => {
      checkOptions(options, command);
      return generateCommand(options, typed);
    });

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** @throws {UsageError} when options do not go together, or one changes nothing. */
function checkOptions(options: GenerateOptions, command: Command): void {
  const { outdir, grid, overwrite } = options;
  if (outdir === undefined && grid === undefined)
    throw new UsageError('--outdir: expected a folder, or --grid and a file, got neither. Say where the images go.');
  checkSamplingOptions(command, options);
  if (outdir === undefined) refuseIdle(command, ['subdirs', 'rank', 'skipExisting'], '--outdir');
  if (grid === undefined) refuseIdle(command, ['columns'], '--grid');
  if (overwrite && isGiven(command, 'rank'))
    throw new UsageError(
      '--overwrite: expected no --rank, got one: each process would remove what the others draw. Empty the folder first.',
    );
  if (grid === undefined) return;
  if (!/\.png$/i.test(grid))
    throw new UsageError(
      `--grid: expected a file name ending in .png, got ${grid}. Grids are written as PNG; name it so, and convert it if need be.`,
    );
  const odd = isGiven(command, 'rank') ? '--rank' : isGiven(command, 'skipExisting') ? '--skip-existing' : undefined;
  if (odd !== undefined)
    throw new UsageError(`--grid: expected no ${odd}, got one. A grid is drawn whole; leave ${odd} out.`);
  if (options.seeds.length > MAX_CELLS)
    throw new UsageError(
      `--grid: expected at most ${MAX_CELLS} seeds, got ${options.seeds.length}. A larger picture is opened by no program.`,
    );
}

async function generateCommand(options: GenerateOptions, typed: string): Promise<void> {
  const { outdir, grid, columns } = options;
  if (grid !== undefined) await expectFile('--grid', grid, options.overwrite);
  if (outdir !== undefined) await expectFolder('--outdir', outdir);
  const kept =
    outdir === undefined ? 'nothing was written' : `the images drawn so far are in ${outdir}. Go on with: ${typed}`;
  await interruptible(kept, async (signal) => {
    const model = await openModel(options);
    try {
      const classOf = seedClasses(model.config.labelDim, options.class, grid === undefined ? 1 : columns);
      const missing = new Set(outdir === undefined ? [] : await seedsToWrite(options, outdir, model));
      const mine = shareOf(options);
      const seeds = grid === undefined ? mine.filter((seed) => missing.has(seed)) : mine;
      const drawn: PixelBatch[] = [];
      await withProgress('drawing', seeds.length, 'images', async (onProgress) => {
        for await (const part of samplePixels({
          ...model,
          seeds,
          classOf,
          settings: samplerSettings(options),
          batch: Math.min(options.batch, mine.length),
          // Images drawn on another day are then the same to the last bit.
          fullBatches: true,
          onProgress,
          signal,
        })) {
          if (grid !== undefined) drawn.push(part.images);
          if (outdir !== undefined) await writeImages(outdir, part, missing, options.subdirs === true);
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

/** This process's share of the seeds. */
const shareOf = ({ seeds, rank: share }: GenerateOptions): number[] =>
  seeds.filter((_, i) => share === undefined || i % share.of === share.index);

/** The seeds of this process whose images are not in the folder yet. */
async function seedsToWrite(options: GenerateOptions, outdir: string, model: Model): Promise<readonly number[]> {
  const { subdirs = false, overwrite = false } = options;
  const seeds = shareOf(options);
  const settings = {
    ...(await modelSettings(options, model)),
    ...(options.class && options.grid !== undefined ? { columns: options.columns } : {}),
    ...(subdirs ? { subdirs } : {}),
  };
  const { missing, removed } = await openImageFolder({ outdir, subdirs, seeds, settings, overwrite });
  if (removed > 0) say(`${removed} images of other settings were removed from ${outdir}`);
  if (missing.length < seeds.length)
    say(`${seeds.length - missing.length} of ${seeds.length} images are there already`);
  return missing;
}

async function writeImages(
  outdir: string,
  { seeds, images }: SampledPixels,
  missing: ReadonlySet<number>,
  subdirs: boolean,
): Promise<void> {
  for (const [i, seed] of seeds.entries())
    if (missing.has(seed)) await writeImage(imagePath(outdir, seed, subdirs), sliceBatch(images, i, i + 1));
}
