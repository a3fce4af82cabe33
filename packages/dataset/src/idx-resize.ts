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
 * @param image - `[size, size]`, size even.
 * @returns `[size/2, size/2]`.
 */
export function halve(image: Uint8Array, size: number): Uint8Array {
  const half = size / 2;
  const out = new Uint8Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * size + 2 * x;
      const sum = (image[at] ?? 0) + (image[at + 1] ?? 0) + (image[at + size] ?? 0) + (image[at + size + 1] ?? 0);
      out[y * half + x] = (sum + 2) >> 2;
    }
  }
  return out;
}

/**
 * Centres an image on black; an odd remainder goes to the right and bottom.
 *
 * @param image - `[size, size]`.
 * @returns `[resolution, resolution]`, a new array.
 */
export function centre(image: Uint8Array, size: number, resolution: number): Uint8Array {
  const out = new Uint8Array(resolution * resolution);
  const margin = (resolution - size) >> 1;
  for (let y = 0; y < size; y++) out.set(image.subarray(y * size, (y + 1) * size), (y + margin) * resolution + margin);
  return out;
}
