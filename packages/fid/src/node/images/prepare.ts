import { antialiasedTaps, type Taps } from '../../dinov2/cubic.js';
import type { PixelImage } from '../../dinov2/resize-pixels.js';

/**
 * Makes an image what a network's `apply` takes without a further resize. The networks resize too; here an image of any size becomes one
 * of a fixed size, so that the compiled network has one signature.
 *
 * @param taps - of one axis, from its input and output size.
 * @returns `[size, size, 3]`, 0…255, bicubic ones a little beyond.
 */
export function resizeFloat(
  { height, width, data }: PixelImage,
  size: number,
  taps: (input: number, output: number) => readonly Taps[],
): Float32Array {
  const wide = width === size ? Float32Array.from(data) : resample(data, height, width, 3, taps(width, size));
  return height === size ? wide : resample(wide, 1, height, size * 3, taps(height, size));
}

/** Resamples the middle axis of `[outer, input, inner]`. */
function resample(
  source: ArrayLike<number>,
  outer: number,
  input: number,
  inner: number,
  taps: readonly Taps[],
): Float32Array {
  const out = new Float32Array(outer * taps.length * inner);
  for (let o = 0; o < outer; o++) {
    taps.forEach(({ first, weights }, i) => {
      const to = (o * taps.length + i) * inner;
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        let from = (o * input + first) * inner + c;
        for (let j = 0; j < weights.length; j++, from += inner)
          sum += (weights[j] as number) * (source[from] as number);
        out[to + c] = sum;
      }
    });
  }
  return out;
}

/** Bilinear interpolation of TensorFlow 1 (source coordinate `i·in/out`) or of torch (half pixels), borders repeated. */
export const bilinearTaps =
  (mode: 'tf1' | 'torch') =>
  (input: number, output: number): Taps[] =>
    Array.from({ length: output }, (_, i) => {
      const scale = input / output;
      const source = mode === 'tf1' ? i * scale : Math.max(0, (i + 0.5) * scale - 0.5);
      const first = Math.min(Math.floor(source), input - 1);
      const share = source - first;
      return { first, weights: first === input - 1 ? Float64Array.of(1) : Float64Array.of(1 - share, share) };
    });

/** The antialiased bicubic of DINOv2's preprocessing. */
export const bicubicTaps = antialiasedTaps;
