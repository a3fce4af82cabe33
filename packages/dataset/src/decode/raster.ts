import { MAX_PIXELS } from '../limits.js';

/** Pixels of 8 bits as a decoder leaves them. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `[height, width, channels]`. */
  readonly data: Uint8Array;
  /** What was done to the pixels: a sum of bits, 0 for nothing. */
  readonly conversions: number;
}

/** Why a file is not decoded. */
export type DecodeFailureCode =
  /** Cut short, or other bytes than there should be. */
  | 'damaged'
  /** Whole, but of a kind that is not read. */
  | 'unsupported'
  | 'too-large'
  /** The decoder gives an image, and doubts it. */
  | 'warning';

/** A file that is not decoded; the message is what it is instead, in words that fit "got …". */
export class DecodeFailure extends Error {
  override readonly name = 'DecodeFailure';

  readonly code: DecodeFailureCode;
  readonly remedy: string | undefined;

  constructor(message: string, code: DecodeFailureCode = 'damaged', remedy?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

/** @throws {DecodeFailure} when an image has no pixel, or a side above `maxSide`, or more than {@link MAX_PIXELS}. */
export function checkSides(width: number, height: number, maxSide: number): void {
  if (!(width > 0 && height > 0)) throw new DecodeFailure(`${width}×${height} pixels`);
  if (width > maxSide || height > maxSide)
    throw new DecodeFailure(`${width}×${height} pixels, more than ${maxSide} a side,`, 'too-large');
  if (width * height > MAX_PIXELS)
    throw new DecodeFailure(`${width}×${height} pixels, more than ${MAX_PIXELS} in all,`, 'too-large');
}

/** Below this upper byte a picture of 16 bits is all but black: its values have 12 bits at most. */
export const DARK = 16;

/**
 * Cameras and scanners store 10 or 12 bits, and labels small numbers, in files of 16: their upper bytes are a black picture.
 *
 * @param most - largest value.
 */
export const darkPicture = (most: number): DecodeFailure =>
  new DecodeFailure(
    `16-bit values of at most ${most}, a black picture,`,
    'warning',
    'Scale its values to 0…65535, or save it with 8 bits',
  );
