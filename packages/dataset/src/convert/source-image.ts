import sharp from 'sharp';
import { conversionBit } from '../decode/conversions.js';
import { bmpAlpha } from '../decode/decode-bmp.js';
import { decodeImage } from '../decode/decode-image.js';
import { decodeNpy, splitAlpha } from '../decode/decode-npy.js';
import { greyToRgb, rgbToGrey } from '../decode/grey.js';
import { imageKind } from '../decode/image-kind.js';
import { DatasetError } from '../errors.js';
import { MAX_PIXELS, MAX_SOURCE_SIDE } from '../limits.js';
import { spellingOf } from '../spelling.js';
import type { MaskedPicture, Picture } from '../transform/picture.js';
import { backgroundOf, flatten } from './alpha.js';
import { orient } from './orient.js';
import { decodeByProfile } from './profile.js';

/** How an image file becomes pixels. Plain JSON. */
export interface ReadSettings {
  /** 1: grey; 3: RGB. */
  readonly channels: 1 | 3;
  /** `drop`, `white`, `black` or `#rrggbb`: what lies behind transparency. */
  readonly alpha: string;
  /** Turn upright by the orientation tag. */
  readonly upright: boolean;
  /** Turn the colours of an embedded profile to sRGB. */
  readonly toSrgb: boolean;
  /** Take images that decode although the decoder warns of damage. */
  readonly acceptWarnings: boolean;
}

/** Pixels, and what was done to them: a sum of bits. */
interface SourceImage {
  readonly picture: Picture;
  readonly conversions: number;
}

/**
 * Decodes an image file for conversion.
 *
 * @param path - for errors.
 * @throws {DatasetError} (rejects) corrupt-image, unsupported, too-large.
 */
export async function readSourceImage(bytes: Uint8Array, path: string, settings: ReadSettings): Promise<SourceImage> {
  const { channels, acceptWarnings } = settings;
  const spelling = spellingOf({ acceptWarnings: '--accept-warnings' });
  const kind = imageKind(bytes);
  if (kind === 'npy') return ofArray(pixelsOfArray(await decodeNpy(bytes, path, spelling), path), settings);
  const decoded = await decodeImage(bytes, path, { channels, acceptWarnings, maxSide: MAX_SOURCE_SIDE, spelling });
  const { width, height, data } = decoded;
  let picture: Picture = { width, height, channels, data: data as Uint8Array };
  let conversions = decoded.conversions;
  const swap = (from: 'alpha' | 'orientation', to: 'flattened' | 'turned'): void => {
    conversions = (conversions & ~conversionBit(from)) | conversionBit(to);
  };
  const had = (kind: 'alpha' | 'orientation'): boolean => (conversions & conversionBit(kind)) !== 0;

  if (settings.toSrgb) {
    const coloured = await decodeByProfile(bytes, picture);
    if (coloured) {
      picture = coloured;
      conversions = (conversions | conversionBit('profile')) & ~conversionBit('cmyk');
    }
  }
  const background = backgroundOf(settings.alpha);
  if (background && had('alpha')) {
    const mask = kind === 'bmp' ? bmpAlpha(bytes) : await maskOf(bytes);
    if (mask?.length === width * height) {
      picture = flatten(picture, mask, background);
      swap('alpha', 'flattened');
    }
  }
  if (settings.upright && had('orientation')) {
    const { orientation = 1 } = await sharp(bytes, { failOn: 'none', limitInputPixels: MAX_PIXELS }).metadata();
    picture = orient(picture, orientation);
    swap('orientation', 'turned');
  }
  return { picture, conversions };
}

/** Transparency of an image, `[height, width]`, 255 opaque; undefined where libvips does not read the file. */
async function maskOf(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const image = sharp(bytes, { failOn: 'none', ignoreIcc: true, limitInputPixels: MAX_PIXELS });
  const raw = image.ensureAlpha().toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await raw
    .toBuffer({ resolveWithObject: true })
    .catch(() => ({ data: undefined, info: undefined }));
  if (!data) return undefined;
  const { channels } = info;
  return Uint8Array.from({ length: data.length / channels }, (_, i) => data[i * channels + channels - 1] as number);
}

function pixelsOfArray(
  { width, height, channels, data, alpha }: Awaited<ReturnType<typeof decodeNpy>>,
  path: string,
): MaskedPicture {
  if (data instanceof Uint8Array && channels === 4) return { width, height, channels: 3, ...splitAlpha(data) };
  if (!(data instanceof Uint8Array) || (channels !== 1 && channels !== 3))
    throw new DatasetError({
      code: 'unsupported',
      where: 'convertDataset',
      file: path,
      expected: 'an array of bytes with 1, 3 or 4 channels',
      got: `${data instanceof Uint8Array ? 'bytes' : 'floats'} with ${channels} channels in ${path}`,
      remedy: 'Save the pixels as uint8, 0…255',
    });
  return { width, height, channels, data, ...(alpha ? { alpha } : {}) };
}

/** An array's picture as it is wanted: of its channels, and without transparency. */
export function ofArray(
  { alpha: mask, ...picture }: MaskedPicture,
  { channels, alpha }: Pick<ReadSettings, 'channels' | 'alpha'>,
): SourceImage {
  const plain = withChannels(picture, channels);
  if (!mask) return plain;
  const background = backgroundOf(alpha);
  if (!background) return { ...plain, conversions: plain.conversions | conversionBit('alpha') };
  return {
    picture: flatten(plain.picture, mask, background),
    conversions: plain.conversions | conversionBit('flattened'),
  };
}

/** Grey to RGB by copies, or RGB to grey as Pillow weighs it. */
function withChannels(picture: Picture, channels: 1 | 3): SourceImage {
  if (picture.channels === channels) return { picture, conversions: 0 };
  const { data } = picture;
  return channels === 3
    ? { picture: { ...picture, channels, data: greyToRgb(data) }, conversions: conversionBit('grey-to-rgb') }
    : { picture: { ...picture, channels, data: rgbToGrey(data) }, conversions: conversionBit('rgb-to-grey') };
}
