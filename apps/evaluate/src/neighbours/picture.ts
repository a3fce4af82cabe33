import { html, trusted } from '@edm2/app-kit/pictures/html';
import { rasterise } from '@edm2/app-kit/pictures/render-chart';
import { INK, MARK, MUTED } from '@edm2/app-kit/pictures/theme';
import type { Pixels } from '@edm2/dataset';
import { encode } from 'fast-png';

/** An image with a line below it. */
export interface Cell {
  /** `[side, side, channels]`, 0 … 255. */
  readonly pixels: Pixels;
  readonly text: string;
  /** Draws the line in the warning colour. */
  readonly marked?: boolean;
}

/** Images in columns: a row's name, and a cell for each column. */
export interface PictureRow {
  readonly name: string;
  readonly cells: readonly Cell[];
}

const TILE = 72;
const GAP = 8;
const TEXT = 16;
const NAMES = 144;
/** Room above the second row: what is generated stands apart. */
const APART = 10;

/** Draws rows of images as PNG, twice as large as they are laid out. */
export async function drawRows(
  rows: readonly PictureRow[],
  { side, channels, title }: { readonly side: number; readonly channels: number; readonly title: string },
): Promise<Uint8Array> {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const width = NAMES + columns * (TILE + GAP);
  const top = 2 * TEXT;
  const height = top + APART + rows.length * (TILE + TEXT + GAP);
  const drawn = rows.map(({ name, cells }, r) => {
    const y = top + r * (TILE + TEXT + GAP) + (r > 0 ? APART : 0);
    return html`<text x="${GAP}" y="${y + TILE / 2}" fill="${INK}">${name}</text>${cells.map((cell, c) => {
      const x = NAMES + c * (TILE + GAP);
      return html`<image x="${x}" y="${y}" width="${TILE}" height="${TILE}" href="${pngUri(cell.pixels, side, channels)}"/><text x="${x}" y="${y + TILE + TEXT - 3}" fill="${cell.marked ? MARK : MUTED}"${trusted(cell.marked ? ' font-weight="bold"' : '')}>${cell.text}</text>`;
    })}`;
  });
  const svg = html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11"><text x="${GAP}" y="${TEXT}" fill="${INK}" font-weight="bold" font-size="13">${title}</text>${drawn}</svg>`;
  return rasterise(svg.markup, 2 * width);
}

/** As PNG with every pixel a square of several, so that nothing smooths it. */
function pngUri(pixels: Pixels, side: number, channels: number): string {
  const scale = Math.max(1, Math.ceil((2 * TILE) / side));
  const width = side * scale;
  const data = new Uint8Array(width * width * channels);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++)
        data[(y * width + x) * channels + c] =
          pixels[(Math.floor(y / scale) * side + Math.floor(x / scale)) * channels + c] ?? 0;
  return `data:image/png;base64,${Buffer.from(encode({ width, height: width, channels, depth: 8, data })).toString('base64')}`;
}
