import { type Affine, invert } from './affine.js';
import { checkImage, type Image, reflect } from './image.js';

/**
 * Moves whole pixels: flips, quarter turns and shifts by whole pixels, without any rounding. What comes in from outside is the image mirrored
 * at its border.
 *
 * @param map - where pixels go; it must take pixels to pixels.
 * @returns new values `[size, size, channels]`.
 * @throws {RangeError} when the image is misshapen, or the map takes a pixel to between pixels.
 */
export function moveOnGrid(image: Image, map: Affine): Float32Array {
  checkImage('moveOnGrid', image);
  const { values, size, channels } = image;
  const { xx, xy, tx, yx, yy, ty } = invert(map);
  const middle = (size - 1) / 2;
  const moved = new Float32Array(values.length);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const fromX = xx * (x - middle) + xy * (y - middle) + tx + middle;
      const fromY = yx * (x - middle) + yy * (y - middle) + ty + middle;
      if (!Number.isInteger(fromX) || !Number.isInteger(fromY))
        throw new RangeError(
          `moveOnGrid: expected a map from pixels to pixels, got one to ${x}, ${y} from ${fromX}, ${fromY}. Use resample.`,
        );
      const from = (reflect(fromY, size) * size + reflect(fromX, size)) * channels;
      const to = (y * size + x) * channels;
      for (let c = 0; c < channels; c++) moved[to + c] = values[from + c] as number;
    }
  return moved;
}
