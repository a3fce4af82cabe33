import { antialiasedTaps, type Taps } from './cubic.js';

/** Pillow keeps its weights as multiples of 2⁻²². */
const PRECISION = 2 ** 22;

/** Largest side, so that counts stay far below what arrays hold. */
const MAX_SIDE = 2 ** 16;

/** An image of 8 bits a channel. */
export interface PixelImage {
  readonly height: number;
  readonly width: number;
  /** `[height, width, 3]` row-major. */
  readonly data: Uint8Array;
}

/**
 * Bicubic resize exactly as Pillow's (10.4): columns first, then rows, rounded to 8 bits after each. For FD_DINOv2 in the manner of
 * dgm-eval; EDM2's own default resizes without rounding, inside the network's `apply`.
 *
 * @param image - RGB.
 * @param size - height and width wanted, `[height, width]`, 1 to 65536 each.
 * @returns a new image.
 * @throws {RangeError} when the data do not fit the sides, or a side is out of range.
 */
export function resizePixels(image: PixelImage, [height, width]: readonly [number, number]): PixelImage {
  for (const side of [height, width, image.height, image.width]) {
    if (!Number.isInteger(side) || side < 1 || side > MAX_SIDE) {
      throw new RangeError(`resizePixels: expected sides from 1 to ${MAX_SIDE}, got ${side}. Check the sizes.`);
    }
  }
  if (image.data.length !== image.height * image.width * 3) {
    throw new RangeError(
      `resizePixels: expected ${image.height}×${image.width}×3 values, got ${image.data.length}. Pass RGB without alpha.`,
    );
  }
  let { data } = image;
  if (width !== image.width) data = resample(data, image.height, image.width, 3, antialiasedTaps(image.width, width));
  if (height !== image.height) data = resample(data, 1, image.height, width * 3, antialiasedTaps(image.height, height));
  return { height, width, data: data === image.data ? data.slice() : data };
}

/** Resamples the middle axis of `[outer, input, inner]`. */
function resample(source: Uint8Array, outer: number, input: number, inner: number, taps: readonly Taps[]): Uint8Array {
  const out = new Uint8Array(outer * taps.length * inner);
  taps.forEach(({ first, weights }, i) => {
    const whole = Array.from(weights, (weight) => roundAway(weight * PRECISION));
    for (let o = 0; o < outer; o++) {
      for (let c = 0; c < inner; c++) {
        let sum = PRECISION / 2;
        for (let j = 0; j < whole.length; j++) {
          sum += (whole[j] as number) * (source[(o * input + first + j) * inner + c] as number);
        }
        out[(o * taps.length + i) * inner + c] = Math.min(255, Math.max(0, Math.floor(sum / PRECISION)));
      }
    }
  });
  return out;
}

/** To the nearest integer, halves away from zero. */
const roundAway = (x: number): number => (x < 0 ? Math.ceil(x - 0.5) : Math.floor(x + 0.5));
