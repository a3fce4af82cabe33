import sharp from 'sharp';
import { checkPng, isPng } from './check-png.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import { MAX_RESOLUTION } from './limits.js';
import type { Pixels } from './types.js';

/** A decoded image or array, `[height, width, channels]`. */
export interface Decoded {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Pixels;
}

/**
 * Decodes an image file to 8 bits per channel. Colour profiles and orientation tags are ignored, as Pillow ignores them.
 *
 * @param path - for errors.
 * @param channels - 1: to grey; 3: to RGB, transparency dropped; undefined: as stored (1 for grey, else 3).
 * @throws {DatasetError} corrupt-image, too-large, or mixed-channels when there is transparency and `channels` is undefined.
 */
export async function decodeImage(bytes: Uint8Array, path: string, channels: 1 | 3 | undefined): Promise<Decoded> {
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string, cause?: unknown) =>
    new DatasetError({ code, where: 'Dataset.read', file: path, expected, got: `${got} in ${path}`, remedy, cause });
  const replace = 'Replace the file or remove it from the dataset';

  if (bytes.length === 0) throw fail('corrupt-image', 'an image', 'an empty file', replace);
  if (isPng(bytes)) {
    const header = checkPng(bytes);
    if (typeof header === 'string') throw fail('corrupt-image', 'an intact PNG', header, replace);
    if (header.width > MAX_RESOLUTION || header.height > MAX_RESOLUTION)
      throw fail(
        'too-large',
        `sides of at most ${MAX_RESOLUTION}`,
        `${header.width}×${header.height}`,
        'Make the image smaller',
      );
  } else if (/\.png$/i.test(path)) {
    throw fail('corrupt-image', 'a PNG', 'bytes that do not begin like one', replace);
  }

  try {
    const image = sharp(bytes, { failOn: 'warning', ignoreIcc: true, limitInputPixels: MAX_RESOLUTION ** 2 });
    const { space, hasAlpha } = await image.metadata();
    const grey = space === 'b-w' || space === 'grey16';
    if (hasAlpha && channels === undefined)
      throw fail(
        'mixed-channels',
        'an image without transparency',
        'an alpha channel',
        'Open with channels: 3 to drop it, or flatten the images',
      );
    const { data, info } = await image
      .removeAlpha()
      .toColourspace((channels ?? (grey ? 1 : 3)) === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { height: info.height, width: info.width, channels: info.channels, data };
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    const reason = cause instanceof Error ? cause.message.replace(/\s+/g, ' ') : String(cause);
    throw fail('corrupt-image', 'an image that decodes without complaint', `"${reason}"`, replace, cause);
  }
}
