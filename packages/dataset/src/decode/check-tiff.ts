import { type TiffPage, tiffPages } from './tiff-pages.js';

const GREY_WHITE_IS_ZERO = 0;
const GREY = 1;
const RGB = 2;
const PALETTE = 3;
const CMYK = 5;
const YCBCR = 6;
const OLD_JPEG = 6;
const JPEG = 7;

/** Bits a value that are read, by how colours are stored. */
const BITS: Readonly<Record<number, readonly number[]>> = {
  [GREY_WHITE_IS_ZERO]: [1, 2, 4, 8, 16],
  [GREY]: [1, 2, 4, 8, 16],
  [RGB]: [8, 16],
  [PALETTE]: [1, 2, 4, 8],
  [CMYK]: [8],
  [YCBCR]: [8],
};
const PHOTOMETRICS: Readonly<Record<number, string>> = {
  4: 'a mask',
  6: 'YCbCr values without JPEG compression',
  8: 'LAB colours',
  9: 'LAB colours',
  10: 'LAB colours',
  32803: 'raw values of a camera',
  32844: 'logarithmic values',
  32845: 'logarithmic values',
  34892: 'raw values of a camera',
};
const SAMPLE_FORMATS: Readonly<Record<number, string>> = {
  2: 'signed numbers',
  3: 'floats',
  5: 'complex numbers',
  6: 'complex numbers',
};

/** What is to be known of a TIFF before it is decoded. */
export interface TiffFacts {
  readonly grey: boolean;
  /** Smaller copies of the page follow. */
  readonly copies: boolean;
}

/**
 * Says in words (fits "got …") why the first page of a TIFF has no pixels of 8 or 16 bits that mean the same everywhere; libvips shows such files black,
 * wrapped or in other colours.
 *
 * @returns undefined when the decoder is to judge.
 */
export function checkTiff(bytes: Uint8Array): TiffFacts | string | undefined {
  const pages = tiffPages(bytes);
  const [first] = pages ?? [];
  if (!pages || !first) return undefined;
  const unusual = unusualSamples(first);
  if (unusual) return `a TIFF of ${unusual}`;
  return { grey: first.photometric <= GREY, copies: pages.length > 1 };
}

function unusualSamples(page: TiffPage): string | undefined {
  const { photometric, bits, sampleFormat, compression, premultiplied } = page;
  const [size = 0] = bits;
  if (compression === OLD_JPEG) return 'JPEG compression of the old style';
  if (premultiplied && size === 16) return '16 bits a value multiplied by transparency';
  const format = SAMPLE_FORMATS[sampleFormat];
  if (format) return `${format} of ${size} bits`;
  const sizes = BITS[photometric];
  if (!sizes || (photometric === YCBCR && compression !== JPEG))
    return PHOTOMETRICS[photometric] ?? `colours of kind ${photometric}`;
  return bits.every((each) => each === size) && sizes.includes(size) ? undefined : `${bits.join(', ')} bits a value`;
}
