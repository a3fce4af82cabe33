import { DatasetError, type DatasetErrorCode } from '../errors.js';
import { MAX_RESOLUTION } from '../limits.js';
import type { Spelling } from '../spelling.js';
import type { Pixels } from '../types.js';
import { checkPng } from './check-png.js';
import { conversionBit } from './conversions.js';
import { decodeBmp } from './decode-bmp.js';
import { decodePnm } from './decode-pnm.js';
import { decodePng, decodeWithSharp } from './decode-sharp.js';
import { foreignKind } from './foreign-kind.js';
import { greyToRgb, rgbToGrey } from './grey.js';
import { type ImageKind, imageKind } from './image-kind.js';
import { decodePlainPng } from './plain-png.js';
import { DecodeFailure, type DecodeFailureCode, type Raster } from './raster.js';

/** A decoded image or array, `[height, width, channels]`. */
export interface Decoded {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Pixels;
  /** What was done to the pixels: a sum of bits, 0 for nothing. */
  readonly conversions: number;
  /** `[height, width]`, 255 opaque: of an array of four channels. */
  readonly alpha?: Uint8Array;
}

/** How images are decoded. */
export interface DecodeOptions {
  /** 1: to grey; 3: to RGB; undefined: as stored, grey or RGB. */
  readonly channels: 1 | 3 | undefined;
  /** Take what the decoder gives although it warns of damage. */
  readonly acceptWarnings: boolean;
  /** Bound of both sides. Default {@link MAX_RESOLUTION}. */
  readonly maxSide?: number;
  readonly spelling: Spelling;
}

const NAMES: Readonly<Record<Exclude<ImageKind, 'npy'>, string>> = {
  png: 'PNG',
  jpeg: 'JPEG',
  gif: 'GIF',
  webp: 'WebP',
  tiff: 'TIFF',
  avif: 'AVIF',
  bmp: 'BMP',
  pnm: 'PNM',
};
const CODES: Readonly<Record<DecodeFailureCode, DatasetErrorCode>> = {
  damaged: 'corrupt-image',
  warning: 'corrupt-image',
  unsupported: 'unsupported',
  'too-large': 'too-large',
};
const REPLACE = 'Replace the file or remove it from the dataset';

/**
 * Decodes an image file, whatever its name says, to 8 bits per channel. Transparency is dropped; colour profiles and orientation tags
 * are ignored, as Pillow's `convert('RGB')` has it.
 *
 * @param path - for errors.
 * @throws {DatasetError} corrupt-image, unsupported or too-large.
 */
export async function decodeImage(bytes: Uint8Array, path: string, options: DecodeOptions): Promise<Decoded> {
  const kind = imageKind(bytes);
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string, cause?: unknown) =>
    new DatasetError({ code, where: 'Dataset.read', file: path, expected, got: `${got} in ${path}`, remedy, cause });
  if (kind === undefined || kind === 'npy') {
    const foreign = kind === undefined ? foreignKind(bytes) : undefined;
    throw fail(
      foreign?.isImage ? 'unsupported' : 'corrupt-image',
      'an image',
      foreign?.name ?? (kind ? 'an NPY array' : 'bytes of no known format'),
      foreign?.remedy ?? REPLACE,
    );
  }
  try {
    return withChannels(await rasterOf(kind, bytes, options), options.channels);
  } catch (cause) {
    if (!(cause instanceof DecodeFailure)) throw cause;
    const expected = {
      damaged: `an intact ${NAMES[kind]}`,
      warning: 'an image that decodes without warnings',
      unsupported: 'one image of 8 or 16 bits a value',
      'too-large': `sides of at most ${options.maxSide ?? MAX_RESOLUTION}`,
    }[cause.code];
    throw fail(CODES[cause.code], expected, cause.message, remedyOf(cause, options.spelling), cause);
  }
}

function remedyOf({ code, remedy }: DecodeFailure, spelling: Spelling): string {
  const option = code === 'warning' ? spelling.option('acceptWarnings') : undefined;
  const own =
    remedy ??
    { damaged: REPLACE, warning: REPLACE, unsupported: 'Convert it to PNG', 'too-large': 'Make the image smaller' }[
      code
    ];
  return option ? `${own}; or accept such images as they decode: ${option}` : own;
}

async function rasterOf(
  kind: Exclude<ImageKind, 'npy'>,
  bytes: Uint8Array,
  { channels, acceptWarnings, maxSide = MAX_RESOLUTION }: DecodeOptions,
): Promise<Raster> {
  switch (kind) {
    case 'png': {
      const header = checkPng(bytes);
      if (typeof header === 'string') throw new DecodeFailure(header);
      return decodePlainPng(bytes, header, maxSide) ?? decodePng(bytes, header, { channels, acceptWarnings, maxSide });
    }
    case 'bmp':
      return decodeBmp(bytes, maxSide);
    case 'pnm':
      return decodePnm(bytes, maxSide, acceptWarnings);
    default:
      return decodeWithSharp(kind, bytes, { channels, acceptWarnings, maxSide });
  }
}

function withChannels(raster: Raster, channels: 1 | 3 | undefined): Raster {
  if (channels === undefined || channels === raster.channels) return raster;
  const { data, conversions } = raster;
  return channels === 3
    ? { ...raster, channels, data: greyToRgb(data), conversions: conversions | conversionBit('grey-to-rgb') }
    : { ...raster, channels, data: rgbToGrey(data), conversions: conversions | conversionBit('rgb-to-grey') };
}
