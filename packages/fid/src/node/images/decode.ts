import sharp from 'sharp';
import type { PixelImage } from '../../dinov2/resize-pixels.js';
import { ImageError } from './image-error.js';

/** How a file begins that Git LFS left in the place of another. */
const LFS = Buffer.from('version https://git-lfs');

/** Most pixels of an image: Pillow warns from half of this on. */
const MAX_PIXELS = 2 ** 28;

/** Options of {@link decodeRgb}. */
export interface DecodeOptions {
  /** Take images that decode with warnings, as Pillow does: stray bytes between a JPEG's parts, for example. Default false. */
  readonly acceptWarnings?: boolean | undefined;
}

/**
 * Decodes an image as Pillow's `convert('RGB')` does: grey and palettes to RGB, transparency dropped, colour profiles and orientation tags
 * ignored. 16-bit and CMYK images are refused: the reference tools clip or convert them in ways that nobody wants.
 *
 * @param file - for errors.
 * @throws {ImageError} `corrupt` when it does not decode, or with warnings that are not accepted, `refused` for kinds that are not read.
 */
export async function decodeRgb(
  bytes: Uint8Array,
  file: string,
  { acceptWarnings = false }: DecodeOptions = {},
): Promise<PixelImage> {
  const corrupt = (reason: string, cause?: unknown): ImageError =>
    new ImageError(
      'corrupt',
      file,
      `decodeRgb: expected an intact image, got ${reason} in ${file}. Replace it, or leave such images out with --skip-corrupt.`,
      cause,
    );
  if (bytes.length === 0) throw corrupt('an empty file');
  if (Buffer.from(bytes.subarray(0, LFS.length)).equals(LFS))
    throw new ImageError(
      'corrupt',
      file,
      `decodeRgb: expected an image, got a Git LFS pointer in ${file}. Fetch the files themselves: git lfs pull`,
    );
  try {
    const image = sharp(bytes, {
      failOn: acceptWarnings ? 'error' : 'warning',
      ignoreIcc: true,
      limitInputPixels: MAX_PIXELS,
    });
    const { depth, space, channels } = await image.metadata();
    if (depth !== 'uchar' || space === 'cmyk') {
      throw new ImageError(
        'refused',
        file,
        `decodeRgb: expected 8 bits a channel, grey or RGB, got ${depth} ${space} with ${channels} channels in ${file}. Convert it first.`,
      );
    }
    const { data, info } = await image
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3 && info.channels !== 1) throw corrupt(`${info.channels} channels`);
    return { height: info.height, width: info.width, data: info.channels === 3 ? data : repeatGrey(data) };
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    if (!acceptWarnings && (await decodes(bytes, file)))
      throw new ImageError(
        'corrupt',
        file,
        `decodeRgb: expected an image without a flaw, got one that decodes with a warning in ${file}. Save it again, or accept such images with --accept-warnings.`,
        cause,
      );
    throw corrupt(cause instanceof Error ? reasonOf(cause) : String(cause), cause);
  }
}

const decodes = (bytes: Uint8Array, file: string): Promise<boolean> =>
  decodeRgb(bytes, file, { acceptWarnings: true }).then(
    () => true,
    () => false,
  );

/** What sharp says, in one line; of data that end early or contradict themselves it says no more than that it was told to be strict. */
const reasonOf = ({ message }: Error): string =>
  /failOn/.test(message) ? 'data that are cut off or damaged' : `"${message.replace(/\s+/g, ' ')}"`;

function repeatGrey(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = grey[Math.floor(i / 3)] as number;
  return rgb;
}
