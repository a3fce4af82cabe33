import sharp, { type Metadata, type Sharp } from 'sharp';
import { MAX_PIXELS } from '../limits.js';
import type { PngHeader } from './check-png.js';
import { checkTiff } from './check-tiff.js';
import { cmykToRgb } from './cmyk.js';
import { conversionBit } from './conversions.js';
import { isHarmless, warningLines } from './decoder-warnings.js';
import { fillGif, gifFirstFrame } from './gif-first-frame.js';
import type { ImageKind } from './image-kind.js';
import { checkSides, DARK, DecodeFailure, darkPicture, type Raster } from './raster.js';
import { createTurns } from './turns.js';

/** What libvips decodes. */
export type SharpKind = Exclude<ImageKind, 'bmp' | 'pnm' | 'npy'>;

type FailOn = 'warning' | 'error';

/**
 * libvips gathers the messages of the whole process in one place, and sharp empties it after each image: of two that decode at a time,
 * one may be told the other's words, or none. So what fails is decoded once more alone, and only those words count.
 */
const turns = createTurns();

const open = (bytes: Uint8Array, failOn: FailOn): Sharp =>
  sharp(bytes, { failOn, ignoreIcc: true, limitInputPixels: MAX_PIXELS });

/** How pixels are wanted. */
interface SharpOptions {
  /** 3: a grey image as RGB; otherwise as stored. */
  readonly channels: 1 | 3 | undefined;
  /** Take what the decoder gives although it warns. */
  readonly acceptWarnings: boolean;
  /** Bound of both sides. */
  readonly maxSide: number;
}

/** Facts that decide how a file is decoded, from its header. */
interface Facts {
  readonly grey: boolean;
  /** 16 bits a value. */
  readonly deep: boolean;
  readonly alpha: boolean;
  readonly cmyk: boolean;
  readonly conversions: number;
}

/**
 * Decodes a PNG whose chunks are whole.
 *
 * @throws {DecodeFailure} when the pixels are damaged.
 */
export async function decodePng(
  bytes: Uint8Array,
  header: PngHeader,
  { channels, acceptWarnings, maxSide }: SharpOptions,
): Promise<Raster> {
  const { grey, alpha, bits, animated, exif, width, height } = header;
  checkSides(width, height, maxSide);
  const turned = exif && isTurned((await heard(() => open(bytes, 'warning').metadata())).orientation);
  const conversions =
    (alpha ? conversionBit('alpha') : 0) |
    (bits === 16 ? conversionBit('16-bit') : 0) |
    (animated ? conversionBit('first-frame') : 0) |
    (turned ? conversionBit('orientation') : 0);
  const facts = { grey, deep: bits === 16, alpha, cmyk: false, conversions };
  const raster = await heard(() => pixels(open(bytes, 'warning'), facts, channels));
  if (facts.deep && !acceptWarnings) await turns.shared(() => checkRange(open(bytes, 'warning'), raster, grey));
  return raster;
}

/** Decodes beside others; what fails fails once more alone, in its own words. */
const heard = <T>(decode: () => Promise<T>): Promise<T> =>
  turns.shared(decode).catch(() => turns.alone(() => decode().catch(explain)));

/**
 * Decodes JPEG, GIF, WebP, TIFF or AVIF.
 *
 * @throws {DecodeFailure} when the file is cut short or of a kind that is not read; code 'warning' when the decoder warns of damage.
 */
export async function decodeWithSharp(
  kind: Exclude<SharpKind, 'png'>,
  bytes: Uint8Array,
  options: SharpOptions,
): Promise<Raster> {
  const tiff = kind === 'tiff' ? checkTiff(bytes) : undefined;
  if (typeof tiff === 'string') {
    throw new DecodeFailure(tiff, 'unsupported', 'Convert it to PNG of 8 bits');
  }
  const decode = (failOn: FailOn): Promise<Raster> => decodeOnce(kind, bytes, failOn, options);
  try {
    return await turns.shared(() => decode('warning'));
  } catch (error) {
    if (error instanceof DecodeFailure) throw error;
    return turns.alone(() => weigh(kind, bytes, decode, options.acceptWarnings));
  }
}

/** Decides about a file that fails when warnings count. Runs alone: it goes by the decoder's words. */
async function weigh(
  kind: Exclude<SharpKind, 'png'>,
  bytes: Uint8Array,
  decode: (failOn: FailOn) => Promise<Raster>,
  acceptWarnings: boolean,
): Promise<Raster> {
  let strict: unknown;
  try {
    return await decode('warning');
  } catch (error) {
    if (error instanceof DecodeFailure) throw error;
    strict = error;
  }
  // Damage fails again; what was a warning alone gives an image now.
  const lenient = await decode('error').catch(explain);
  const message = strict instanceof Error ? strict.message : String(strict);
  const harmless = (kind === 'jpeg' || kind === 'tiff') && isHarmless(kind, message, bytes);
  if (!acceptWarnings && !harmless) throw new DecodeFailure(quote(strict), 'warning', undefined, strict);
  return { ...lenient, conversions: lenient.conversions | conversionBit('warning') };
}

async function decodeOnce(
  kind: SharpKind,
  bytes: Uint8Array,
  failOn: FailOn,
  { channels, acceptWarnings, maxSide }: SharpOptions,
): Promise<Raster> {
  const image = open(bytes, failOn);
  const metadata = await image.metadata();
  checkSides(metadata.width, metadata.height, maxSide);
  // Pillow turns a TIFF by its tag, and nothing else.
  const turned = kind === 'tiff' && isTurned(metadata.orientation);
  const facts = factsOf(turned ? { ...metadata, orientation: 1 } : metadata);
  const frame = kind === 'gif' ? gifFirstFrame(bytes) : undefined;
  if (!frame) {
    const raster = await pixels(turned ? image.autoOrient() : image, facts, channels);
    if (facts.deep && !acceptWarnings) await checkRange(open(bytes, failOn), raster, facts.grey);
    return raster;
  }
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const rgb = fillGif(data, info.width, info.channels, frame);
  return { width: info.width, height: info.height, channels: 3, data: rgb, conversions: facts.conversions };
}

function factsOf({ space, hasAlpha, depth, pages = 1, orientation }: Metadata): Facts {
  const cmyk = space === 'cmyk';
  const conversions =
    (hasAlpha ? conversionBit('alpha') : 0) |
    (depth === 'ushort' ? conversionBit('16-bit') : 0) |
    (cmyk ? conversionBit('cmyk') : 0) |
    (pages > 1 ? conversionBit('first-frame') : 0) |
    (isTurned(orientation) ? conversionBit('orientation') : 0);
  return { grey: space === 'b-w' || space === 'grey16', deep: depth === 'ushort', alpha: hasAlpha, cmyk, conversions };
}

/** @throws {DecodeFailure} 'warning', when all values of 16 bits are small, and not all 0. */
async function checkRange(image: Sharp, { data }: Raster, grey: boolean): Promise<void> {
  if (data.some((value) => value >= DARK)) return;
  const raw = await image
    .removeAlpha()
    .toColourspace(grey ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer();
  const values = new Uint16Array(raw.buffer, raw.byteOffset, raw.byteLength / 2);
  const most = values.reduce((max, value) => Math.max(max, value), 0);
  if (most > 0) throw darkPicture(most);
}

const isTurned = (orientation: number | undefined): boolean => (orientation ?? 1) !== 1;

async function pixels(
  image: Sharp,
  { grey, deep, alpha, cmyk, conversions }: Facts,
  channels: 1 | 3 | undefined,
): Promise<Raster> {
  const opaque = alpha ? image.removeAlpha() : image;
  // libvips takes 16 bits to RGB by their upper byte, to grey by way of linear light.
  const space = cmyk ? 'cmyk' : grey && !deep && channels !== 3 ? 'b-w' : 'srgb';
  const { data, info } = await (cmyk ? opaque.pipelineColourspace('cmyk') : opaque)
    .toColourspace(space)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  if (grey) {
    const wide = channels === 3 ? conversionBit('grey-to-rgb') : 0;
    const single = info.channels === 3 && channels !== 3;
    return {
      width,
      height,
      channels: channels ?? 1,
      data: single ? data.filter((_, i) => i % 3 === 0) : data,
      conversions: conversions | wide,
    };
  }
  return { width, height, channels: 3, data: cmyk ? cmykToRgb(data) : data, conversions };
}

/** libvips' words for a file that ends too early. */
const CUT_SHORT = /premature end|truncat|unexpected end|end of (?:stream|file|image)|not enough|read error/i;

/** libvips' words for a whole file of a kind that it does not decode. */
const NOT_DECODED = /not supported|not configured|samples_per_pixel not a whole|no known route/i;

const quote = (error: unknown): string =>
  `"${warningLines(error instanceof Error ? error.message : String(error)).join('; ')}"`;

function explain(error: unknown): never {
  if (error instanceof DecodeFailure) throw error;
  const words = quote(error);
  if (/pixel limit/.test(words))
    throw new DecodeFailure(`more than ${MAX_PIXELS} pixels`, 'too-large', undefined, error);
  if (NOT_DECODED.test(words))
    throw new DecodeFailure(`a file that libvips does not decode (${words})`, 'unsupported', undefined, error);
  throw new DecodeFailure(
    CUT_SHORT.test(words) ? `a file that is cut short (${words})` : words,
    'damaged',
    undefined,
    error,
  );
}
