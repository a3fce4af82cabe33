import { type BmpHeader, RGB, RLE8, readBmpHeader } from './bmp-header.js';
import { conversionBit } from './conversions.js';
import { checkSides, DecodeFailure, type Raster } from './raster.js';

/**
 * Decodes a Windows or OS/2 bitmap: 1 to 32 bits, palettes, masks, run lengths; values of 5 and 6 bits become `v·255/31` and
 * `v·255/63`, truncated, as Pillow has them. A palette of greys alone gives grey.
 *
 * @param maxSide - bound of both sides.
 * @throws {DecodeFailure} when the file is cut short or of a kind that is not read.
 */
export function decodeBmp(bytes: Uint8Array, maxSide: number): Raster {
  const header = readBmpHeader(bytes);
  const { width, height, bits } = header;
  checkSides(width, height, maxSide);
  if (bits > 8) {
    const data = header.bits === 24 ? bytePixels(bytes, header) : maskedPixels(bytes, header, header.masks);
    return { width, height, channels: 3, data, conversions: header.alpha === 0 ? 0 : conversionBit('alpha') };
  }
  const indices = header.compression === RGB ? packedIndices(bytes, header) : runLengths(bytes, header);
  return { width, height, conversions: 0, ...fromPalette(bytes, header, indices) };
}

/** Transparency of a bitmap that `decodeBmp` has decoded, `[height, width]`, 255 opaque; undefined where its header gives none. */
export function bmpAlpha(bytes: Uint8Array): Uint8Array | undefined {
  const header = readBmpHeader(bytes);
  return header.alpha === 0 ? undefined : maskedPixels(bytes, header, [header.alpha]);
}

/** Index of an image's row, from the top, for each row of the file. */
const rowOf = ({ topDown, height }: BmpHeader, y: number): number => (topDown ? y : height - 1 - y);

/** Bytes of a row, a multiple of four; checks that all rows are there. */
function stride(bytes: Uint8Array, { width, height, bits, dataStart }: BmpHeader): number {
  const row = 4 * Math.ceil((width * bits) / 32);
  // The filling of the last row may be missing.
  const end = dataStart + row * (height - 1) + Math.ceil((width * bits) / 8);
  if (end > bytes.length) throw new DecodeFailure(`the end of the file at byte ${bytes.length} of ${end}`);
  return row;
}

function bytePixels(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, dataStart } = header;
  const row = stride(bytes, header);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    let to = rowOf(header, y) * width * 3;
    let from = dataStart + y * row;
    for (let x = 0; x < width; x++, from += 3) {
      out[to++] = bytes[from + 2] ?? 0;
      out[to++] = bytes[from + 1] ?? 0;
      out[to++] = bytes[from] ?? 0;
    }
  }
  return out;
}

/** Values by their masks, `[height, width, masks]`. */
function maskedPixels(bytes: Uint8Array, header: BmpHeader, masks: readonly number[]): Uint8Array {
  const { width, height, dataStart, bits } = header;
  const row = stride(bytes, header);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  const out = new Uint8Array(width * height * masks.length);
  for (let y = 0; y < height; y++) {
    let to = rowOf(header, y) * width * masks.length;
    for (let x = 0; x < width; x++) {
      const at = dataStart + y * row + (x * bits) / 8;
      const pixel = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
      for (const { mask, shift, most } of fields)
        out[to++] = most === 0 ? 0 : Math.trunc((((pixel & mask) >>> shift) * 255) / most);
    }
  }
  return out;
}

function packedIndices(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, dataStart, bits } = header;
  const row = stride(bytes, header);
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const to = rowOf(header, y) * width;
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      const byte = bytes[dataStart + y * row + (bit >> 3)] ?? 0;
      out[to + x] = (byte >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
    }
  }
  return out;
}

const END_OF_LINE = 0;
const END_OF_BITMAP = 1;
const MOVE = 2;

/** Indices of run lengths (RLE8, RLE4); what no run covers is index 0. */
function runLengths(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height } = header;
  const byteEach = header.compression === RLE8;
  const out = new Uint8Array(width * height);
  let [x, y, at] = [0, 0, header.dataStart];
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new DecodeFailure(`the end of the file at byte ${bytes.length}, within the pixels`);
    return byte;
  };
  const put = (index: number): void => {
    if (x < width && y < height) out[rowOf(header, y) * width + x] = index;
    x++;
  };
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(byteEach ? value : i % 2 === 0 ? value >> 4 : value & 15);
    } else if (value === END_OF_BITMAP) break;
    else if (value === END_OF_LINE) {
      x = 0;
      y++;
    } else if (value === MOVE) {
      x += next();
      y += next();
    } else {
      const start = at;
      for (let i = 0, byte = 0; i < value; i++) {
        if (byteEach || i % 2 === 0) byte = next();
        put(byteEach ? byte : i % 2 === 0 ? byte >> 4 : byte & 15);
      }
      // Such a run fills whole pairs of bytes.
      if ((at - start) % 2 === 1) at++;
    }
  }
  return out;
}

function fromPalette(
  bytes: Uint8Array,
  { palette: { start, entries, bytes: each } }: BmpHeader,
  indices: Uint8Array,
): Pick<Raster, 'channels' | 'data'> {
  const colours = Array.from({ length: entries }, (_, i) => [2, 1, 0].map((c) => bytes[start + i * each + c] ?? 0));
  if (colours.every(([r, g, b]) => r === g && g === b))
    return { channels: 1, data: indices.map((index) => colours[index]?.[0] ?? 0) };
  const data = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) data.set(colours[indices[i] ?? 0] ?? [0, 0, 0], 3 * i);
  return { channels: 3, data };
}
