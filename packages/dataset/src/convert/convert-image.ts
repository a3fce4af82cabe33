import { conversionBit } from '../decode/conversions.js';
import { DatasetError } from '../errors.js';
import { MAX_PIXELS } from '../limits.js';
import type { MaskedPicture } from '../transform/picture.js';
import { type Size, TRANSFORMS, type TransformName } from '../transform/transforms.js';
import { encodePng } from './encode-png.js';
import { thumbnail } from './near-duplicates.js';
import { ofArray, type ReadSettings, readSourceImage } from './source-image.js';

/** How a source image becomes an image of the data set. Plain JSON. */
export interface ImageSettings extends ReadSettings {
  readonly transform: TransformName;
  /** Width and height of the transform; null leaves an image as large as it is. */
  readonly size: Size | null;
  /** Images with a shorter side are passed over; 0: none. */
  readonly minSide: number;
  /** Also make a thumbnail, which tells duplicates. */
  readonly thumbnails: boolean;
}

/** One image to convert. May be sent to another thread. */
export interface ImageJob {
  /** The bytes of its file, or its pixels. */
  readonly image: Uint8Array | MaskedPicture;
  /** For errors. */
  readonly path: string;
  readonly settings: ImageSettings;
}

/** Why an image is not taken. */
export type Refusal = 'damaged' | 'unsupported' | 'too-large' | 'too-small';

/** What comes of an {@link ImageJob}. May be sent to another thread. */
export type ImageResult =
  | {
      readonly png: Uint8Array;
      readonly width: number;
      readonly height: number;
      /** What was done to the pixels: a sum of bits. */
      readonly conversions: number;
      readonly thumbnail?: Uint8Array;
    }
  | { readonly refused: Refusal /** In one sentence. */; readonly why: string };

/** Converts one image: decodes, transforms and encodes it. Rejects only where the program is at fault, not the image. */
export async function convertImage({ image, path, settings }: ImageJob): Promise<ImageResult> {
  const read = await readJob(image, path, settings);
  if ('refused' in read) return read;
  const { picture } = read;
  const { minSide, size, transform, thumbnails } = settings;
  const sides = `${picture.width}×${picture.height}`;
  if (Math.min(picture.width, picture.height) < minSide)
    return { refused: 'too-small', why: `${sides}, a side below ${minSide}` };
  // Of a thin strip the transforms make a long one before they cut it.
  const elongation = Math.max(picture.width, picture.height) / Math.min(picture.width, picture.height);
  if (size && transform === 'center-crop-dhariwal' && elongation * size.width ** 2 > MAX_PIXELS)
    return { refused: 'too-large', why: `${sides}, too elongated for ${transform}` };
  const result = size ? TRANSFORMS[transform](picture, size) : picture;
  if (!result)
    return { refused: 'too-small', why: `${sides}, too small for ${size?.width}×${size?.height} by ${transform}` };
  const enlarged = size !== null && Math.min(picture.width, picture.height) < Math.min(size.width, size.height);
  return {
    png: encodePng(result),
    width: result.width,
    height: result.height,
    conversions: read.conversions | (enlarged ? conversionBit('enlarged') : 0),
    ...(thumbnails ? { thumbnail: thumbnail(result) } : {}),
  };
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  'corrupt-image': 'damaged',
  'corrupt-zip': 'damaged',
  unsupported: 'unsupported',
  'too-large': 'too-large',
};

/** What an error says about an image; undefined: about something else. */
export function refusalOf(error: unknown): Exclude<ImageResult, { png: unknown }> | undefined {
  const refused = error instanceof DatasetError ? REFUSALS[error.code] : undefined;
  return refused && { refused, why: (error as DatasetError).message };
}

async function readJob(image: Uint8Array | MaskedPicture, path: string, settings: ImageSettings) {
  if (!(image instanceof Uint8Array)) return ofArray(image, settings);
  try {
    return await readSourceImage(image, path, settings);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    throw error;
  }
}
