import type { Picture } from '../transform/picture.js';

/** Where a stored pixel goes: whether rows and columns change places, and which axes of the result run backwards. */
const TURNS: Readonly<Record<number, readonly [swap: boolean, flipX: boolean, flipY: boolean]>> = {
  2: [false, true, false],
  3: [false, true, true],
  4: [false, false, true],
  5: [true, false, false],
  6: [true, true, false],
  7: [true, true, true],
  8: [true, false, true],
};

/**
 * Turns a picture upright.
 *
 * @param orientation - the Exif tag, 1 to 8; any other value and 1 mean upright.
 * @see Exif 2.3, tag 274.
 */
export function orient(picture: Picture, orientation: number): Picture {
  const turn = TURNS[orientation];
  if (!turn) return picture;
  const [swap, flipX, flipY] = turn;
  const { channels, data } = picture;
  const [width, height] = swap ? [picture.height, picture.width] : [picture.width, picture.height];
  const out = new Uint8Array(data.length);
  // Steps through the stored pixels for one pixel to the right, and one down, in the result.
  const [right, down] = swap ? [picture.width, 1] : [1, picture.width];
  for (let y = 0, to = 0; y < height; y++) {
    const row = (flipY ? height - 1 - y : y) * down;
    for (let x = 0; x < width; x++) {
      let from = (row + (flipX ? width - 1 - x : x) * right) * channels;
      for (let c = 0; c < channels; c++) out[to++] = data[from++] as number;
    }
  }
  return { width, height, channels, data: out };
}
