/** Cells along a side: what is compared of an image is the colour of each, and how much changes in it. */
const CELLS = 4;

/** Figures of an image: red, green, blue and edges of each cell. */
export const DIMS = CELLS * CELLS * 4;

/**
 * Images as thumbnails of 4×4: mean colour of each cell, 0 … 1, and the mean step of brightness from pixel to pixel in it. No trained network is
 * in it; it sees colours, composition and sharpness, and knows nothing of what an emoji is.
 *
 * @param images - RGB `[N, side, side, 3]`, 0 … 255.
 */
export function thumbnails(images: Uint8Array, side: number): Float32Array {
  const size = side * side * 3;
  const cell = side / CELLS;
  const out = new Float32Array((images.length / size) * DIMS);
  const light = (at: number): number =>
    ((images[at] as number) + (images[at + 1] as number) + (images[at + 2] as number)) / (3 * 255);
  for (let n = 0; n * size < images.length; n++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const at = n * size + (y * side + x) * 3;
        const to = n * DIMS + (Math.floor(y / cell) * CELLS + Math.floor(x / cell)) * 4;
        for (let c = 0; c < 3; c++)
          out[to + c] = (out[to + c] as number) + (images[at + c] as number) / (255 * cell * cell);
        const right = x + 1 < side ? Math.abs(light(at + 3) - light(at)) : 0;
        const below = y + 1 < side ? Math.abs(light(at + side * 3) - light(at)) : 0;
        out[to + 3] = (out[to + 3] as number) + (right + below) / (2 * cell * cell);
      }
  return out;
}
