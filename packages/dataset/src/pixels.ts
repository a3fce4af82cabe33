/**
 * Pixels to the range that EDM2 trains on: `x / 127.5 − 1`, each step rounded to float32.
 *
 * @param pixels - values 0…255, any shape.
 * @returns new array of the same length, −1…1.
 */
export function pixelsToUnit(pixels: ArrayLike<number>): Float32Array {
  const unit = new Float32Array(pixels.length);
  for (let i = 0; i < unit.length; i++) unit[i] = Math.fround((pixels[i] ?? 0) / 127.5) - 1;
  return unit;
}

/**
 * Back to pixels: `clip(x · 127.5 + 128, 0, 255)`, truncated; each step rounded to float32. Inverse of {@link pixelsToUnit}
 * on 0…255. NaN becomes 0.
 *
 * @param unit - any values, any shape.
 * @returns new array of the same length.
 */
export function unitToPixels(unit: ArrayLike<number>): Uint8Array {
  const pixels = new Uint8Array(unit.length);
  for (let i = 0; i < pixels.length; i++) {
    const value = Math.fround(Math.fround((unit[i] ?? 0) * 127.5) + 128);
    pixels[i] = Math.min(Math.max(Math.trunc(value), 0), 255);
  }
  return pixels;
}
