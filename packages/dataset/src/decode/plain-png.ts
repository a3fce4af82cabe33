import { inflateSync } from 'node:zlib';
import type { PngHeader } from './check-png.js';
import { checkSides, type Raster } from './raster.js';

/** Bytes of the signature. */
const SIGNATURE = 8;
/** Larger images are decoded beside this thread: there libvips is the quicker way. */
const MAX_AREA = 512 ** 2;
const GREY = 0;
const RGB = 2;

/**
 * Decodes a small PNG of the plainest kind, as datasets hold them: 8 bits, grey or RGB, not interlaced, without transparency. A third of the
 * time that libvips takes to begin.
 *
 * @param bytes - a file whose chunks `checkPng` has checked.
 * @returns undefined where another decoder is to judge: another kind, or damaged data.
 * @throws {DecodeFailure} when a side is above `maxSide`.
 */
export function decodePlainPng(bytes: Uint8Array, header: PngHeader, maxSide: number): Raster | undefined {
  const { width, height, bits, alpha, animated, exif } = header;
  const colourType = bytes[25];
  // Behind it: methods of compression, filtering and interlacing, 0 each.
  const plain = (colourType === GREY || colourType === RGB) && !bytes[26] && !bytes[27] && !bytes[28];
  if (!plain || bits !== 8 || alpha || animated || exif || width * height > MAX_AREA) return undefined;
  checkSides(width, height, maxSide);
  const channels = colourType === GREY ? 1 : 3;
  const line = width * channels;
  const rows = inflated(dataOf(bytes), height * (line + 1));
  if (!rows || !unfilter(rows, line, channels, height)) return undefined;
  const data = new Uint8Array(height * line);
  for (let y = 0; y < height; y++) {
    const from = y * (line + 1) + 1;
    data.set(rows.subarray(from, from + line), y * line);
  }
  return { width, height, channels, data, conversions: 0 };
}

/** All IDAT chunks as one. */
function dataOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  for (let at = SIGNATURE; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x49444154) parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const [first] = parts;
  return parts.length === 1 && first ? first : Buffer.concat(parts);
}

/** Exactly `length` bytes, of all of `data`; otherwise undefined. */
function inflated(data: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const { buffer, engine } = inflateSync(data, { maxOutputLength: length, info: true }) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
    return buffer.length === length && engine.bytesWritten === data.length ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** Undoes the filters of all rows, in place: each begins with its filter's number. @returns whether all are known. */
function unfilter(rows: Uint8Array, line: number, channels: number, height: number): boolean {
  for (let y = 0; y < height; y++) {
    const start = y * (line + 1) + 1;
    const filter = rows[start - 1] as number;
    if (filter > 4) return false;
    if (filter === 0) continue;
    for (let x = 0; x < line; x++) {
      const at = start + x;
      const left = x >= channels ? (rows[at - channels] as number) : 0;
      const above = y > 0 ? (rows[at - line - 1] as number) : 0;
      const corner = x >= channels && y > 0 ? (rows[at - line - 1 - channels] as number) : 0;
      rows[at] = (rows[at] as number) + predicted(filter, left, above, corner);
    }
  }
  return true;
}

/** What a filter expects of a value: sub, up, average, Paeth. @see PNG specification, section 9. */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
