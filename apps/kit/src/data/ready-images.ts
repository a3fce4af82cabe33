import { mkdir, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { shellWord } from '@edm2/command/shell';
import { siblingCommand } from '@edm2/command/typed';
import { type OpenDatasetOptions, type OpenedDataset, openDataset } from '@edm2/dataset';
import { convertDataset, type NeededConversion, type OpenReadyOptions, openReady } from '@edm2/dataset/convert';
import { interruptible } from '../command/interruptible.js';
import { startProgress } from '../command/progress.js';
import { aloneAt } from '../files/alone.js';
import { convertLines } from './convert-lines.js';
import { startConvertThreads } from './convert-threads.js';

// What becomes of photographs where square images of one size are wanted: one place for all commands.

/** How images are made ready, beside how they are opened. */
export interface ReadyOptions extends OpenReadyOptions {
  /** Folder for what is made. */
  readonly cache: string;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined;
  readonly say: (text: string) => void;
}

/**
 * Opens images to be trained on: where they are, if they are square, a power of two and alike; else a zip that is made of them in the
 * cache, cropped and resized as the paper's authors did ImageNet. What is made stays for the next time.
 *
 * @returns undefined with `dryRun` where something would have to be made. The caller closes the dataset.
 * @throws {DatasetError} (rejects) as `openDataset` says.
 */
export async function openReadyImages(
  path: string,
  { cache, dryRun = false, say, ...options }: ReadyOptions,
): Promise<OpenedDataset | undefined> {
  const found = await openReady(path, options);
  if (!isNeeded(found)) return found;
  const { side, images, why, key } = found;
  const { resolution, mostSide: _, split: __, ...plain } = options;
  const dest = join(cache, `images-${side}-${key}.zip`);
  const place = relative('.', dest);
  if (await stat(dest).catch(() => undefined)) say(`${path} holds ${why}; of them ${place} was made before`);
  else {
    say(
      `${path} holds ${why}, and training takes squares of one size: ${images.toLocaleString('en')} images are cropped in the middle and resized to ${side}×${side} → ${place}${resolution ? '' : ' (another size with --resolution)'}`,
    );
    if (dryRun) return undefined;
    await mkdir(cache, { recursive: true });
    await aloneAt(dest, 'convert', () => make(path, dest, side, options, say));
  }
  return openDataset(dest, plain);
}

const isNeeded = (found: OpenedDataset | NeededConversion): found is NeededConversion => 'needed' in found;

async function make(
  path: string,
  dest: string,
  side: number,
  { labels, flags, split, acceptWarnings }: OpenDatasetOptions,
  say: (text: string) => void,
): Promise<void> {
  const place = relative('.', dest);
  const kept = `what is converted waits in ${place}.partial. Go on with the same command`;
  await interruptible({ say, stopping: 'stopping after these images', kept }, async (signal) => {
    let progress: ReturnType<typeof startProgress> | undefined;
    const threads = startConvertThreads();
    const report = await convertDataset(path, dest, {
      ...(labels === undefined ? {} : { labels }),
      ...(flags ? { flags } : {}),
      ...(split ? { split } : {}),
      ...(acceptWarnings === undefined ? {} : { acceptWarnings }),
      transform: 'center-crop-dhariwal',
      size: { width: side, height: side },
      convert: threads.convert,
      concurrency: threads.concurrency,
      onProgress: ({ done, total }) => {
        progress ??= startProgress('converting', total, 'images');
        progress.update(done);
      },
      signal,
    }).finally(() => {
      progress?.stop();
      return threads.close();
    });
    for (const line of convertLines(report, place)) say(line);
  });
}

/**
 * Opens images that are compared or encoded as they are. Where that cannot be, the error has the command that makes them so: nothing is
 * cropped unasked, since figures would be of other images than those that were named.
 *
 * @param option - that names them, with its dashes.
 * @throws {UsageError} (rejects) when they are of several sizes, not square, or no power of two.
 * @throws {DatasetError} (rejects) as `openDataset` says.
 */
export async function openSquareImages(
  path: string,
  option: string,
  options: OpenReadyOptions = {},
): Promise<OpenedDataset> {
  const { mostSide, ...plain } = options;
  const found = await openReady(path, options);
  if (!isNeeded(found)) return found;
  const { side, why } = found;
  const dest = `${basename(path, extname(path)) || 'images'}-${side}.zip`;
  const command = siblingCommand('dataset', [
    'convert',
    ...['--source', path, '--dest', dest, '--transform', 'center-crop-dhariwal', '--resolution', `${side}x${side}`],
    ...(plain.split ? ['--split', plain.split] : []),
    ...(plain.acceptWarnings ? ['--accept-warnings'] : []),
  ]);
  throw new UsageError(
    `${option}: expected ${plain.resolution ? `images of ${side}×${side}` : 'square images of one size, a power of two'}, got ${why} in ${path}. Convert them, then name ${shellWord(dest)}: ${command}`,
  );
}
