/** Keys' cubic convolution kernel, support 2. */
function cubic(x: number, a: number): number {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/** Taps of one output sample. */
export interface Taps {
  readonly first: number;
  /** Sum 1. */
  readonly weights: Float64Array;
}

/**
 * Antialiased bicubic resampling of a line, a = −0.5: the kernel is stretched by the scale when shrinking and cut off at the border, as in
 * Pillow and in torch's `interpolate(antialias=True)`.
 *
 * @param input - samples, at least 1.
 * @param output - samples wanted, at least 1.
 */
export function antialiasedTaps(input: number, output: number): Taps[] {
  const scale = input / output;
  const stretch = Math.max(scale, 1);
  return Array.from({ length: output }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - 2 * stretch + 0.5));
    const end = Math.min(input, Math.trunc(centre + 2 * stretch + 0.5));
    const weights = Float64Array.from({ length: end - first }, (_, j) =>
      cubic((first + j - centre + 0.5) / stretch, -0.5),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Bicubic interpolation of a line, a = −0.75, borders repeated, no antialias: torch's `interpolate` with a given scale factor.
 *
 * @param input - samples, at least 1.
 * @param output - samples wanted.
 * @param scale - input samples per output sample; not `input / output` when the factor was given.
 */
export function interpolationTaps(input: number, output: number, scale: number): Taps[] {
  return Array.from({ length: output }, (_, i) => {
    const source = (i + 0.5) * scale - 0.5;
    const base = Math.floor(source);
    const weights = new Float64Array(input);
    for (let j = base - 1; j <= base + 2; j++) {
      const at = Math.min(Math.max(j, 0), input - 1);
      weights[at] = (weights[at] as number) + cubic(source - j, -0.75);
    }
    return { first: 0, weights };
  });
}

/** Taps as a dense matrix `[output, input]`, float32. */
export function tapMatrix(taps: readonly Taps[], input: number): Float32Array {
  const matrix = new Float32Array(taps.length * input);
  taps.forEach(({ first, weights }, i) => {
    matrix.set(weights, i * input + first);
  });
  return matrix;
}
