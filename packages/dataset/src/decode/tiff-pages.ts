/** What a TIFF says about one of its pages. */
export interface TiffPage {
  /** How colours are stored: 0 and 1 grey, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 LAB, … */
  readonly photometric: number;
  readonly bits: readonly number[];
  /** 1 unsigned, 2 signed, 3 float, 4 unknown, 5 and 6 complex. */
  readonly sampleFormat: number;
  readonly compression: number;
  readonly samples: number;
  /** Colours are multiplied by their alpha. */
  readonly premultiplied: boolean;
  /** A smaller copy of another page, or a mask. */
  readonly secondary: boolean;
}

/** Pages beyond are not counted. */
const MAX_PAGES = 65_536;
/** Tags of one page that are looked at: files have about twenty. */
const MAX_TAGS = 4096;
/** Values of one tag that are looked at: channels of a pixel. */
const MAX_VALUES = 64;

const NEW_SUBFILE_TYPE = 254;
const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const SAMPLES_PER_PIXEL = 277;
const EXTRA_SAMPLES = 338;
const SAMPLE_FORMAT = 339;
/** The extra sample is an alpha that the colours are multiplied by. */
const ASSOCIATED = 1;

/** Bytes of a value by its type's number: byte, ASCII, short, long, rational … */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  13: 4,
  16: 8,
  18: 8,
};

/**
 * Lists the pages of a TIFF or BigTIFF.
 *
 * @param bytes - the whole file.
 * @returns undefined where the directory leads out of the file: the decoder will say what is wrong.
 */
export function tiffPages(bytes: Uint8Array): TiffPage[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const big = view.getUint16(2, little) === 43;
  const wide = (at: number): number => Number(view.getBigUint64(at, little));
  const seen = new Set<number>();
  const pages: TiffPage[] = [];
  try {
    let at = big ? wide(8) : view.getUint32(4, little);
    while (at !== 0 && !seen.has(at) && pages.length < MAX_PAGES) {
      seen.add(at);
      const count = big ? wide(at) : view.getUint16(at, little);
      if (count > MAX_TAGS) return undefined;
      const first = at + (big ? 8 : 2);
      const entry = big ? 20 : 12;
      const tags = new Map<number, number[]>();
      for (let i = 0; i < count; i++) {
        const tag = first + i * entry;
        tags.set(view.getUint16(tag, little), valuesAt(view, tag, little, big));
      }
      pages.push(pageOf(tags));
      const next = first + count * entry;
      at = big ? wide(next) : view.getUint32(next, little);
    }
    return pages;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function valuesAt(view: DataView, tag: number, little: boolean, big: boolean): number[] {
  const type = view.getUint16(tag + 2, little);
  const size = TYPE_BYTES[type];
  const count = big ? Number(view.getBigUint64(tag + 4, little)) : view.getUint32(tag + 4, little);
  if (size === undefined || count > MAX_VALUES) return [];
  const inline = tag + (big ? 12 : 8);
  const room = big ? 8 : 4;
  const far = () => (big ? Number(view.getBigUint64(inline, little)) : view.getUint32(inline, little));
  const start = count * size <= room ? inline : far();
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * size;
    if (size === 1) return view.getUint8(at);
    if (size === 2) return view.getUint16(at, little);
    return size === 4 ? view.getUint32(at, little) : Number(view.getBigUint64(at, little));
  });
}

function pageOf(tags: ReadonlyMap<number, readonly number[]>): TiffPage {
  const one = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise;
  const bits = tags.get(BITS_PER_SAMPLE);
  return {
    photometric: one(PHOTOMETRIC, 1),
    bits: bits?.length ? bits : [1],
    sampleFormat: one(SAMPLE_FORMAT, 1),
    compression: one(COMPRESSION, 1),
    samples: one(SAMPLES_PER_PIXEL, 1),
    premultiplied: one(EXTRA_SAMPLES, 0) === ASSOCIATED,
    secondary: (one(NEW_SUBFILE_TYPE, 0) & 5) !== 0,
  };
}
