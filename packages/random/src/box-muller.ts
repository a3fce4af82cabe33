/*
 * Logarithm, sine and cosine from additions, multiplications and divisions only. The language leaves the last bits of
 * Math.log, Math.sin and Math.cos to each engine; these give the same float64 everywhere, and with it the same images.
 */

const float64 = new Float64Array(1);
const words = new Int32Array(float64.buffer); // little-endian, as every JavaScript platform in use

/** Natural logarithm of a normal positive float64; relative error below 4e-16. */
function exactLog(x: number): number {
  float64[0] = x;
  const high = words[1] as number;
  let exponent = (high >>> 20) - 1023;
  words[1] = (high & 0xfffff) | 0x3ff00000;
  let m = float64[0] ?? 1;
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  // ln m = 2·artanh s, |s| ≤ 0.172: eleven terms reach 1e-17.
  const s = (m - 1) / (m + 1);
  const q = s * s;
  let sum = 1 / 21;
  sum = sum * q + 1 / 19;
  sum = sum * q + 1 / 17;
  sum = sum * q + 1 / 15;
  sum = sum * q + 1 / 13;
  sum = sum * q + 1 / 11;
  sum = sum * q + 1 / 9;
  sum = sum * q + 1 / 7;
  sum = sum * q + 1 / 5;
  sum = sum * q + 1 / 3;
  return 2 * s * (sum * q + 1) + exponent * Math.LN2;
}

const QUARTER = 0x40000000;

/**
 * Box-Muller: two independent standard normals from a radius and an angle,
 * `r·cos 2πv, r·sin 2πv` with `r = √(−2 ln u)`, `u = (a·2²¹ + ⌊b/2¹¹⌋ + 1)/2⁵³`, `v = c/2³²`. Largest |value| is 8.57.
 *
 * @param a - 32 random bits, unsigned.
 * @param b - 32 random bits, unsigned.
 * @param c - 32 random bits, unsigned.
 * @param out - receives both values as float64.
 */
export function boxMuller(a: number, b: number, c: number, out: Float64Array): void {
  const u = (a * 0x200000 + (b >>> 11) + 1) * 2 ** -53;
  const r = Math.sqrt(-2 * exactLog(u));
  // Angle = quadrant·π/2 + x with |x| ≤ π/4: Taylor's series reach 1e-17.
  const quadrant = Math.floor((c + QUARTER / 2) / QUARTER);
  const x = (c - quadrant * QUARTER) * (2 * Math.PI * 2 ** -32);
  const y = x * x;
  let sin = -1 / 1307674368000;
  sin = sin * y + 1 / 6227020800;
  sin = sin * y - 1 / 39916800;
  sin = sin * y + 1 / 362880;
  sin = sin * y - 1 / 5040;
  sin = sin * y + 1 / 120;
  sin = sin * y - 1 / 6;
  sin = (sin * y + 1) * x;
  let cos = 1 / 20922789888000;
  cos = cos * y - 1 / 87178291200;
  cos = cos * y + 1 / 479001600;
  cos = cos * y - 1 / 3628800;
  cos = cos * y + 1 / 40320;
  cos = cos * y - 1 / 720;
  cos = cos * y + 1 / 24;
  cos = cos * y - 1 / 2;
  cos = cos * y + 1;
  const swap = (quadrant & 1) === 1;
  out[0] = r * (quadrant === 1 || quadrant === 2 ? -1 : 1) * (swap ? sin : cos);
  out[1] = r * (quadrant === 2 || quadrant === 3 ? -1 : 1) * (swap ? cos : sin);
}
