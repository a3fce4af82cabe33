import { expectSource } from '@edm2/app-kit/command/expect-source';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { convertLines } from '@edm2/app-kit/data/convert-lines';
import { startConvertThreads } from '@edm2/app-kit/data/convert-threads';
import { aloneAt } from '@edm2/app-kit/files/alone';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectNew } from '@edm2/command/expect-destination';
import { wholeNumber } from '@edm2/command/whole-number';
import { type ConvertOptions, convertDataset, type Size, TRANSFORMS, type TransformName } from '@edm2/dataset/convert';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { print, say } from '../say.js';

interface ConvertCommandOptions {
  readonly source?: string;
  readonly dest?: string;
  readonly transform: TransformName;
  readonly resolution?: Size;
  readonly maxImages?: number;
  readonly channels: 1 | 3;
  readonly alpha: string;
  readonly orientation: 'apply' | 'ignore';
  readonly colourProfile: 'ignore' | 'srgb';
  readonly minSide: number;
  readonly dropDuplicates?: boolean;
  readonly labels?: boolean | string;
  readonly split?: 'train' | 'test';
  readonly imageColumn?: string;
  readonly labelColumn?: string;
  readonly acceptWarnings?: boolean;
  readonly dryRun?: boolean;
  readonly threads?: number;
}

/** Reads `64x64` or `64`. */
function parseResolution(text: string): Size {
  const [, width = '', height = width] = /^(\d{1,5})(?:[x×](\d{1,5}))?$/i.exec(text.trim()) ?? [];
  const size = { width: Number(width), height: Number(height) };
  if (!(size.width >= 1 && size.height >= 1))
    throw new InvalidArgumentError('Expected width and height, such as 64x64.');
  return size;
}

function parseAlpha(text: string): string {
  if (/^(drop|white|black|#[0-9a-f]{6})$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('Expected drop, white, black or a colour such as #ff8000.');
}

function parseChannels(text: string): 1 | 3 {
  if (text === '1' || text === '3') return text === '1' ? 1 : 3;
  throw new InvalidArgumentError('Expected 1 (grey) or 3 (RGB).');
}

/** `edm2-dataset convert`. */
export const addConvertCommand = (program: Command): Command =>
  withDestination(
    program
      .command('convert')
      .description('Make a dataset of any images: crop, resize, and write them in EDM2’s format.')
      .option(
        '--source <path>',
        'folder, zip, tar, IDX or Parquet files, .npz or .npy of images; a path may lead into an archive',
      ),
    '--dest <path>',
    'folder to write, or zip when it ends in .zip; an interrupted one is continued',
  )
    .addOption(
      new Option('--transform <name>', 'how images become square; none stretches them')
        .choices(Object.keys(TRANSFORMS))
        .default('none'),
    )
    .option('--resolution <WxH>', 'width and height of the result, such as 64x64', parseResolution)
    .option('--max-images <n>', 'only the first images of the source', wholeNumber())
    .option('--channels <n>', '3: RGB, 1: grey', parseChannels, 3 as 1 | 3)
    .option('--alpha <colour>', 'what lies behind transparency: drop, white, black or #rrggbb', parseAlpha, 'drop')
    .addOption(
      new Option('--orientation <what>', 'the tag of cameras that says which way is up')
        .choices(['apply', 'ignore'])
        .default('apply'),
    )
    .addOption(
      new Option('--colour-profile <what>', 'srgb: turn the colours of a profile in the file to sRGB')
        .choices(['ignore', 'srgb'])
        .default('ignore'),
    )
    .option('--min-side <n>', 'pass over images with a shorter side', wholeNumber({ least: 0 }), 0)
    .option('--drop-duplicates', 'pass over images that are nearly the same as an earlier one')
    .option('--labels <file>', 'table of labels: CSV, TSV, JSON or JSONL (default: dataset.json, else the folders)')
    .option('--no-labels', 'without labels')
    .addOption(new Option('--split <which>', 'part of IDX or Parquet files, or of an .npz').choices(['train', 'test']))
    .option('--image-column <name>', 'column of Parquet files that holds the images (default: by type and name)')
    .option('--label-column <name>', 'column of Parquet files that holds the classes (default: label, or another one)')
    .option('--accept-warnings', 'use images that decode although the decoder warns of damage')
    .option(
      '--threads <n>',
      'threads that convert (default: one for each core)',
      wholeNumber({ most: 64, why: 'more only wait' }),
    )
    .option('--dry-run', 'write nothing; say what would be done')
    .action((options: ConvertCommandOptions) => convertCommand(options));

async function convertCommand(options: ConvertCommandOptions): Promise<void> {
  const { source, dest, dryRun = false } = options;
  if (source === undefined)
    throw new UsageError('--source: expected images, got nothing. Name a folder or an archive.');
  await expectSource('--source', source, 'images');
  if (dryRun) return convert(source, undefined, options);
  if (dest === undefined) throw new UsageError('--dest: expected a folder or zip to write, got nothing. Name one.');
  await expectNew('--dest', dest);
  await aloneAt(dest, '--dest', () => convert(source, dest, options));
}

async function convert(source: string, dest: string | undefined, options: ConvertCommandOptions): Promise<void> {
  const { transform, resolution, maxImages, channels, alpha, minSide, labels = true, split } = options;
  const { dropDuplicates = false, acceptWarnings = false } = options;
  const kept =
    dest === undefined
      ? 'nothing was written'
      : `what is converted waits in ${dest}.partial. Go on with the same command`;
  await interruptible({ say, stopping: 'stopping after these images', kept }, async (signal) => {
    const threads = startConvertThreads(options.threads);
    let progress: ReturnType<typeof startProgress> | undefined;
    const settings: ConvertOptions = {
      transform,
      ...(resolution ? { size: resolution } : {}),
      ...(maxImages === undefined ? {} : { maxImages }),
      channels,
      alpha,
      upright: options.orientation === 'apply',
      toSrgb: options.colourProfile === 'srgb',
      minSide,
      dropDuplicates,
      labels,
      ...(split ? { split } : {}),
      ...(options.imageColumn === undefined ? {} : { imageColumn: options.imageColumn }),
      ...(options.labelColumn === undefined ? {} : { labelColumn: options.labelColumn }),
      acceptWarnings,
      convert: threads.convert,
      concurrency: threads.concurrency,
      onProgress: ({ done, total }) => {
        progress ??= startProgress(dest === undefined ? 'looking' : 'converting', total, 'images');
        progress.update(done);
      },
      signal,
      flags: {
        path: '--source',
        acceptWarnings: '--accept-warnings',
        labels: '--no-labels',
        split: '--split',
        imageColumn: '--image-column',
      },
    };
    const report = await convertDataset(source, dest, settings)
      .catch((error: unknown) => {
        throw error instanceof RangeError ? inFlags(error) : error;
      })
      .finally(() => {
        progress?.stop();
        return threads.close();
      });
    for (const line of convertLines(report, dest)) (dest === undefined ? print : say)(line);
  });
}

/** A setting that is out of range, as this command calls it. */
const inFlags = ({ message }: RangeError): UsageError =>
  new UsageError(message.replace(/^convertDataset: expected size to be/, '--resolution: expected'));
