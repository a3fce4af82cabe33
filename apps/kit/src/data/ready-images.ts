import { mkdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { OptionFlags } from '@edm2/dataset';
import { convertDataset, planConversion } from '@edm2/dataset/convert';
import { interruptible } from '../command/interruptible.js';
import { startProgress } from '../command/progress.js';
import { aloneAt } from '../files/alone.js';
import { convertLines } from './convert-lines.js';
import { startConvertThreads } from './convert-threads.js';

/** What decides how images are made ready. */
export interface ReadyOptions {
  /** Side in pixels; default: theirs, or the largest power of two up to 64 that most of them reach. */
  readonly resolution?: number | undefined;
  readonly labels?: boolean | undefined;
  readonly split?: 'train' | 'test' | undefined;
  readonly acceptWarnings?: boolean | undefined;
  readonly flags: OptionFlags;
  /** Folder for what is made. */
  readonly cache: string;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined;
  readonly say: (text: string) => void;
}

/**
 * Where images can be trained on: at their own path where they are square, a power of two and alike; else at that of a zip that is made of
 * them in the cache, cropped and resized as the paper's authors did ImageNet. What is made stays for the next time.
 *
 * @returns undefined with `dryRun` where something would have to be made.
 * @throws {DatasetError} (rejects) as `openDataset` says.
 */
export async function readyImages(path: string, options: ReadyOptions): Promise<string | undefined> {
  const { resolution, labels = true, split, acceptWarnings = false, flags, cache, dryRun = false, say } = options;
  const shared = { labels, flags, ...(split ? { split } : {}) };
  const plan = await planConversion(path, { ...shared, ...(resolution ? { resolution } : {}) });
  if (!plan.needed) return path;
  const { side, images, why, key } = plan;
  const dest = join(cache, `images-${side}-${key}.zip`);
  const place = relative('.', dest);
  if (await stat(dest).catch(() => undefined)) {
    say(`${path} holds ${why}; of them ${place} was made before`);
    return dest;
  }
  say(
    `${path} holds ${why}, and training takes squares of one size: ${images.toLocaleString('en')} images are cropped in the middle and resized to ${side}×${side} → ${place}${resolution ? '' : ' (another size with --resolution)'}`,
  );
  if (dryRun) return undefined;
  await mkdir(cache, { recursive: true });
  await aloneAt(dest, 'convert', async () => {
    const kept = `what is converted waits in ${place}.partial. Go on with the same command`;
    await interruptible({ say, stopping: 'stopping after these images', kept }, async (signal) => {
      const progress = startProgress('converting', images, 'images');
      const threads = startConvertThreads();
      const report = await convertDataset(path, dest, {
        ...shared,
        transform: 'center-crop-dhariwal',
        size: { width: side, height: side },
        acceptWarnings,
        convert: threads.convert,
        concurrency: threads.concurrency,
        onProgress: ({ done }) => progress.update(done),
        signal,
      }).finally(() => {
        progress.stop();
        return threads.close();
      });
      for (const line of convertLines(report, place)) say(line);
    });
  });
  return dest;
}
