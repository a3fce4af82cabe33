import { expectSource } from '@edm2/app-kit/command/expect-source';
import { interruptible } from '@edm2/app-kit/command/interruptible';
import { startProgress } from '@edm2/app-kit/command/progress';
import { aloneAt } from '@edm2/app-kit/files/alone';
import { withDestination } from '@edm2/command/destination';
import { UsageError } from '@edm2/command/errors';
import { expectNew } from '@edm2/command/expect-destination';
import { wholeNumber } from '@edm2/command/whole-number';
import { type OpenedDataset, openDataset } from '@edm2/dataset';
import { chooseHeldOut, writeSubset } from '@edm2/dataset/convert';
import { type Command, InvalidArgumentError } from 'commander';
import { say } from '../say.js';

interface SplitOptions {
  readonly source?: string;
  readonly dest?: string;
  readonly heldOut?: string;
  readonly images: { readonly count?: number; readonly share?: number };
  readonly seed: number;
}

/** Reads `500` or `10%`. */
function parseImages(text: string): SplitOptions['images'] {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const value = Number(number);
  if (number !== '' && percent === '%' && value > 0 && value < 100) return { share: value / 100 };
  if (number !== '' && percent === '' && Number.isInteger(value) && value >= 1) return { count: value };
  throw new InvalidArgumentError('Expected a number of images, such as 500, or a share, such as 10%.');
}

/** `edm2-dataset split`. */
export const addSplitCommand = (program: Command): Command =>
  withDestination(
    program
      .command('split')
      .description('Hold images out of training: make two datasets of one, of each class the same share.')
      .option('--source <path>', 'folder or archive of a dataset'),
    '--dest <path>',
    'folder or zip for the images to train on',
  )
    .option('--held-out <path>', 'folder or zip for the images held out')
    .option('--images <n>', 'how many to hold out: 500, or 10%', parseImages, { share: 0.1 })
    .option('--seed <n>', 'chooses them', wholeNumber({ least: 0 }), 0)
    .action((options: SplitOptions) => splitCommand(options));

async function splitCommand({ source, dest, heldOut, images, seed }: SplitOptions): Promise<void> {
  if (source === undefined) throw new UsageError('--source: expected a dataset, got nothing. Name one.');
  if (dest === undefined) throw new UsageError('--dest: expected a folder or zip to write, got nothing. Name one.');
  if (heldOut === undefined)
    throw new UsageError('--held-out: expected a folder or zip to write, got nothing. Name one.');
  if (dest === heldOut) throw new UsageError(`--held-out: expected another place than --dest, got ${dest} twice.`);
  await expectSource('--source', source, 'a dataset');
  await expectNew('--dest', dest);
  await expectNew('--held-out', heldOut);
  const dataset = await openDataset(source, { cacheBytes: 0, flags: { path: '--source' } });
  try {
    const count = images.count ?? Math.max(1, Math.round((images.share ?? 0) * dataset.sourceLength));
    if (count >= dataset.sourceLength)
      throw new UsageError(
        `--images: expected fewer than the ${dataset.sourceLength} images there are, got ${count}. Hold out fewer.`,
      );
    await aloneAt(dest, '--dest', () =>
      aloneAt(heldOut, '--held-out', () => write(dataset, dest, heldOut, count, seed)),
    );
  } finally {
    await dataset.close();
  }
}

async function write(
  dataset: OpenedDataset,
  dest: string,
  heldOut: string,
  count: number,
  seed: number,
): Promise<void> {
  const kept = 'what was written waits. Go on with the same command';
  await interruptible({ say, stopping: 'stopping', kept }, async (signal) => {
    const out = chooseHeldOut(dataset, count, seed);
    const chosen = new Set(out);
    const rest = Array.from({ length: dataset.sourceLength }, (_, i) => i).filter((i) => !chosen.has(i));
    const progress = startProgress('writing', dataset.sourceLength, 'images');
    let done = 0;
    const onProgress = (): void => progress.update(++done);
    try {
      // The smaller one first: a whole training set beside no held-out images could be taken for all there is.
      await writeSubset(dataset, out, heldOut, { signal, onProgress });
      await writeSubset(dataset, rest, dest, { signal, onProgress });
    } finally {
      progress.stop();
    }
    say(`${rest.length} images → ${dest}; ${out.length} held out → ${heldOut}`);
  });
}
