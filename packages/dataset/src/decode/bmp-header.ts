import { DecodeFailure } from './raster.js';

/** How a bitmap's pixels are stored. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Rows run from the top down instead of from the bottom up. */
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Masks of red, green and blue in a pixel of 16 or 32 bits. */
  readonly masks: readonly [number, number, number];
  /** Mask of alpha; 0 where none is given: the fourth byte of a pixel then means nothing, as Pillow has it. */
  readonly alpha: number;
  /** Where the palette begins, its entries, and the bytes of each. */
  readonly palette: { readonly start: number; readonly entries: number; readonly bytes: 3 | 4 };
  readonly dataStart: number;
}

export const RGB = 0;
export const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;
const FILE_HEADER = 14;
/** The OS/2 header, whose numbers have 16 bits. */
const CORE = 12;
const INFO = 40;

/** @throws {DecodeFailure} when the header is cut short or describes no bitmap that is read. */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (end: number): void => {
    if (end > bytes.length) throw new DecodeFailure(`the end of the file at byte ${bytes.length}, within the header`);
  };
  need(FILE_HEADER + 4);
  const size = view.getUint32(FILE_HEADER, true);
  need(FILE_HEADER + size);
  const core = size === CORE;
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signed = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? RGB : view.getUint32(30, true);
  const used = core ? 0 : view.getUint32(46, true);
  const isRle = (compression === RLE8 && bits === 8) || (compression === RLE4 && bits === 4);
  const masked = (compression === BITFIELDS || compression === ALPHA_BITFIELDS) && (bits === 16 || bits === 32);
  if (!(compression === RGB && [1, 2, 4, 8, 16, 24, 32].includes(bits)) && !isRle && !masked)
    throw new DecodeFailure(`a bitmap of ${bits} bits and compression ${compression}`, 'unsupported');
  if (width <= 0 || signed === 0) throw new DecodeFailure(`a bitmap of ${width}×${signed}`);
  const maskBytes = masked && size === INFO ? (compression === ALPHA_BITFIELDS ? 16 : 12) : 0;
  need(FILE_HEADER + size + maskBytes);
  const start = FILE_HEADER + size + maskBytes;
  const mask = (i: number): number => view.getUint32(54 + 4 * i, true);
  const most = bits <= 8 ? 2 ** bits : 0;
  const bytesEach = core ? 3 : 4;
  const entriesSaid = bits > 8 ? 0 : used > 0 && used < most ? used : most;
  const offset = view.getUint32(10, true);
  // Some writers leave the palette out of the offset: but pixels still begin after it.
  const dataStart = offset > start || entriesSaid === 0 ? offset || start : start + entriesSaid * bytesEach;
  const entries = Math.min(entriesSaid, Math.max(0, Math.floor((dataStart - start) / bytesEach)));
  need(dataStart);
  return {
    width,
    height: Math.abs(signed),
    topDown: signed < 0,
    bits,
    compression,
    masks: masked ? [mask(0), mask(1), mask(2)] : bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff],
    alpha: masked && (size > INFO || compression === ALPHA_BITFIELDS) && size !== 52 ? mask(3) : 0,
    palette: { start, entries, bytes: bytesEach },
    dataStart,
  };
}
