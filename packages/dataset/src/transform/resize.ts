import { coefficients } from './coefficients.js';
import { FILTERS, type FilterName } from './filters.js';
import type { Picture } from './picture.js';
import { resampleColumns, resampleRows } from './resample.js';

/**
 * Resizes a picture as Pillow does (`Image.resize`, up to version 12), to the last bit: rows first, then columns, 8 bits after each, an axis
 * that keeps its length left alone.
 *
 * @param width - new width, at least 1.
 * @param height - new height, at least 1.
 * @returns a new picture; the same one where nothing changes.
 * @throws {RangeError} when a side is no whole number of at least 1.
 */
export function resize(picture: Picture, width: number, height: number, filter: FilterName): Picture {
  for (const [name, side] of Object.entries({ width, height }))
    if (!Number.isInteger(side) || side < 1)
      throw new RangeError(`resize: expected ${name} to be a whole number of at least 1, got ${side}. Correct it.`);
  const { channels } = picture;
  if (filter === 'box' && picture.width === 2 * width && picture.height === 2 * height) return halve(picture);
  let { data } = picture;
  if (width !== picture.width)
    data = resampleRows(
      data,
      picture.height,
      picture.width,
      channels,
      coefficients(picture.width, width, FILTERS[filter]),
    );
  if (height !== picture.height)
    data = resampleColumns(data, width * channels, coefficients(picture.height, height, FILTERS[filter]));
  return data === picture.data ? picture : { width, height, channels, data };
}

/** A box of two by two: what the general way comes to, in a tenth of the time. All three sums are rounded. */
function halve({ width, height, channels, data }: Picture): Picture {
  const [half, rows, line] = [width / 2, height / 2, width * channels];
  const out = new Uint8Array(half * rows * channels);
  /** The mean of four, of which `a` and `b` are the left ones. */
  const mean = (a: number, b: number): number => {
    const above = ((data[a] as number) + (data[a + channels] as number) + 1) >> 1;
    const below = ((data[b] as number) + (data[b + channels] as number) + 1) >> 1;
    return (above + below + 1) >> 1;
  };
  for (let y = 0, to = 0; y < rows; y++) {
    let a = 2 * y * line;
    let b = a + line;
    for (let x = 0; x < half; x++, a += 2 * channels, b += 2 * channels) {
      out[to++] = mean(a, b);
      if (channels === 1) continue;
      out[to++] = mean(a + 1, b + 1);
      out[to++] = mean(a + 2, b + 2);
    }
  }
  return { width: half, height: rows, channels, data: out };
}
