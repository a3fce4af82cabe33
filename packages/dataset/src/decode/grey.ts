/**
 * RGB → grey as Pillow's `convert('L')` has it: `(19595·R + 38470·G + 7471·B + 32768) >> 16`, ITU-R 601-2.
 *
 * @param rgb - `[…, 3]`.
 * @returns `[…, 1]`, a new array.
 */
export function rgbToGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3)
    grey[i] =
      (19595 * (rgb[at] as number) + 38470 * (rgb[at + 1] as number) + 7471 * (rgb[at + 2] as number) + 32768) >> 16;
  return grey;
}

/** @returns `[…, 3]` of `[…, 1]`, each value three times. */
export function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] as number, 3 * i, 3 * i + 3);
  return rgb;
}
