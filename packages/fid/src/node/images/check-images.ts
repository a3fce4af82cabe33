import { ImageError } from './image-error.js';
import type { ImageSource } from './image-source.js';
import { loadImage } from './load-image.js';

/** Images decoded at a time. */
const AT_A_TIME = 16;

/** Broken images that an error describes before it only counts. */
const NAMED = 10;

/** Options of `checkImages`. */
export interface CheckImagesOptions {
  /** Corrupt images do not count: they will be left out. */
  readonly skipCorrupt?: boolean;
  /** What leaves them out, as the error names it. Default `{ skipCorrupt: true }`. */
  readonly skipOption?: string;
  readonly onProgress?: (progress: { done: number; total: number }) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes every image once, so that a broken one is found before anything is computed, and all of them at once.
 *
 * @param path - of the set, for the error.
 * @throws {ImageError} (rejects) when some cannot be used: how many of how many, and which.
 */
export async function checkImages(
  path: string,
  source: ImageSource,
  { skipCorrupt = false, skipOption = '{ skipCorrupt: true }', onProgress, signal }: CheckImagesOptions = {},
): Promise<void> {
  const { names } = source;
  const broken: ImageError[] = [];
  const check = async (name: string): Promise<void> => {
    try {
      await loadImage(source, name);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      if (!(skipCorrupt && error.code === 'corrupt')) broken.push(error);
    }
  };
  await source.verify?.(signal);
  for (let at = 0; at < names.length; at += AT_A_TIME) {
    signal?.throwIfAborted();
    await Promise.all(names.slice(at, at + AT_A_TIME).map(check));
    onProgress?.({ done: Math.min(at + AT_A_TIME, names.length), total: names.length });
  }
  const [first] = broken;
  if (!first) return;
  const isSkippable = broken.every(({ code }) => code === 'corrupt');
  const total = names.length.toLocaleString('en-US');
  throw new ImageError(
    first.code,
    first.file,
    [
      `checkImages: expected ${total} usable images in ${path}, got ${broken.length.toLocaleString('en-US')} that cannot be used:`,
      ...broken.slice(0, NAMED).map(({ message }) => `  ${message}`),
      ...(broken.length > NAMED ? [`  and ${broken.length - NAMED} more`] : []),
      `Nothing was computed yet. ${isSkippable ? `Replace them, or leave them out with ${skipOption}.` : 'Convert or remove them.'}`,
    ].join('\n'),
  );
}
