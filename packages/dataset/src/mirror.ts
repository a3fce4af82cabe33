import type { Pixels } from './types.js';

/**
 * Mirrors left and right, in place.
 *
 * @param image - `[size, size, channels]`.
 * @returns `image`.
 */
export function mirror<T extends Pixels>(image: T, size: number, channels: number): T {
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size >> 1; x++) {
      const left = (y * size + x) * channels;
      const right = (y * size + size - 1 - x) * channels;
      for (let c = 0; c < channels; c++) {
        const value = image[left + c] ?? 0;
        image[left + c] = image[right + c] ?? 0;
        image[right + c] = value;
      }
    }
  }
  return image;
}
