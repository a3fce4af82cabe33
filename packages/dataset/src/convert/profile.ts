import sharp from 'sharp';
import { rgbToGrey } from '../decode/grey.js';
import { MAX_PIXELS } from '../limits.js';
import type { Picture } from '../transform/picture.js';

/**
 * The pixels of an image in sRGB, by the colour profile in its file (Little CMS, perceptual intent).
 *
 * @param plain - the same image, read without its profile.
 * @returns undefined where the file has no profile, or one that cannot be used.
 */
export async function decodeByProfile(
  bytes: Uint8Array,
  { width, height, channels }: Picture,
): Promise<Picture | undefined> {
  const image = sharp(bytes, { failOn: 'none', limitInputPixels: MAX_PIXELS });
  const metadata = await image.metadata().catch(() => undefined);
  if (!metadata?.icc) return undefined;
  const raw = image.removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await raw
    .toBuffer({ resolveWithObject: true })
    .catch(() => ({ data: undefined, info: undefined }));
  // A TIFF is turned upright by the plain way, and not by this one.
  if (!data || info.width !== width || info.height !== height) return undefined;
  const rgb = info.channels === 3 ? data : undefined;
  const grey = info.channels === 1 ? data : rgb && channels === 1 ? rgbToGrey(rgb) : undefined;
  if (channels === 1) return grey && { width, height, channels, data: grey };
  return rgb && { width, height, channels, data: rgb };
}
