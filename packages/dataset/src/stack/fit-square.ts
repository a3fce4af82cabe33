/** The next power of two that is at least n. */
export const nextPowerOfTwo = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/**
 * How an n×n image becomes resolution×resolution: halved while it does not fit, then centred on black.
 * 28 → 32 pads by 2; 28 → 16 averages to 14 and pads by 1.
 *
 * @param size - n ≥ 1.
 * @returns number of halvings, or undefined when an odd size would have to be halved.
 */
export function halvings(size: number, resolution: number): number | undefined {
  let count = 0;
  for (let n = size; n > resolution; n /= 2, count++) if (n % 2 !== 0) return undefined;
  return count;
}

/**
 * Mean of each 2×2 block, halves rounded up.
 *
 * @param image - `[size, size, channels]`, size even.
 * @returns `[size/2, size/2, channels]`.
 */
export function halve(image: Uint8Array, size: number, channels = 1): Uint8Array {
  const half = size / 2;
  const row = size * channels;
  const out = new Uint8Array(half * half * channels);
  for (let y = 0, to = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      for (let c = 0; c < channels; c++, to++) {
        const at = 2 * y * row + 2 * x * channels + c;
        const below = at + row;
        const sum =
          (image[at] as number) +
          (image[at + channels] as number) +
          (image[below] as number) +
          (image[below + channels] as number);
        out[to] = (sum + 2) >> 2;
      }
    }
  }
  return out;
}

/**
 * Centres an image on black; an odd remainder goes to the right and bottom.
 *
 * @param image - `[size, size, channels]`.
 * @returns `[resolution, resolution, channels]`, a new array.
 */
export function centre(image: Uint8Array, size: number, resolution: number, channels = 1): Uint8Array {
  const out = new Uint8Array(resolution * resolution * channels);
  const margin = (resolution - size) >> 1;
  const row = size * channels;
  for (let y = 0; y < size; y++)
    out.set(image.subarray(y * row, (y + 1) * row), ((y + margin) * resolution + margin) * channels);
  return out;
}
