import { dirname } from 'node:path';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';
import { encode } from 'fast-png';
import type { PixelBatch } from '../sample/images.js';

/** Options of {@link writeGrid}. */
export interface GridOptions {
  /** Images per row. Default: the square root of N, rounded up. */
  readonly columns?: number;
  /** Pixels drawn per pixel, without smoothing. Default: as many as bring an image to about 64 pixels. */
  readonly scale?: number;
}

/** Between images, in pixels of the picture. */
const GUTTER = 3;
/** Dark, but not black, so that black images keep their edges. */
const GUTTER_GREY = 46;
const TILE = 64;

/**
 * Writes images as one PNG, row by row.
 *
 * @param images - N ≥ 1, C = 1 (grey) or 3 (RGB).
 * @throws {RangeError} when the shape does not fit the data, C is neither 1 nor 3, or an option is not a whole number ≥ 1.
 */
export async function writeGrid(path: string, images: PixelBatch, options: GridOptions = {}): Promise<void> {
  const { data, width, height, channels } = drawGrid(images, options);
  await makeFolder(dirname(path));
  await writeFileAtomic(path, encode({ width, height, channels, data, depth: 8 }));
}

/** The picture of {@link writeGrid}, `[height, width, channels]`. */
export function drawGrid(
  { data, shape }: PixelBatch,
  options: GridOptions = {},
): { data: Uint8Array; width: number; height: number; channels: number } {
  const [count, rows, pixels, channels] = shape;
  const { columns = Math.ceil(Math.sqrt(count)), scale = Math.max(1, Math.round(TILE / Math.max(rows, pixels))) } =
    options;
  if (data.length !== count * rows * pixels * channels || count < 1 || (channels !== 1 && channels !== 3))
    throw new RangeError(
      `drawGrid: expected [N,H,W,1 or 3] values, got ${data.length} for [${shape}]. Check the shape.`,
    );
  if (![columns, scale].every((value) => Number.isInteger(value) && value >= 1))
    throw new RangeError(
      `drawGrid: expected columns and scale to be whole numbers, got ${columns} and ${scale}. Round them.`,
    );

  const cell = { width: pixels * scale + GUTTER, height: rows * scale + GUTTER };
  const width = Math.min(columns, count) * cell.width - GUTTER;
  const height = Math.ceil(count / columns) * cell.height - GUTTER;
  const picture = new Uint8Array(width * height * channels).fill(GUTTER_GREY);
  for (let n = 0; n < count; n++) {
    const left = (n % columns) * cell.width;
    const top = Math.floor(n / columns) * cell.height;
    for (let y = 0; y < rows * scale; y++) {
      const source = (n * rows + Math.floor(y / scale)) * pixels * channels;
      let at = ((top + y) * width + left) * channels;
      for (let x = 0; x < pixels * scale; x++) {
        const from = source + Math.floor(x / scale) * channels;
        for (let c = 0; c < channels; c++) picture[at++] = data[from + c] ?? 0;
      }
    }
  }
  return { data: picture, width, height, channels };
}
