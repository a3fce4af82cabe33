// EDM's sampler in plain arrays: the network is all that needs a runtime. The page and check.js share it.

/** Noise levels from 80 down to 0, evenly spaced in σ^(1/7). */
export function karras(steps, min = 0.002, max = 80, rho = 7) {
  const [from, to] = [max ** (1 / rho), min ** (1 / rho)];
  return [...Array.from({ length: steps }, (_, i) => (from + (i / (steps - 1)) * (to - from)) ** rho), 0];
}

/**
 * Heun's method from unit noise to images.
 *
 * @param denoise - `(x, sigma) → D(x; σ)`, arrays of the noise's length, possibly later.
 * @param onStep - gets how many steps are done, and the images as the network sees them now.
 */
export async function sample(denoise, noise, { steps = 16, onStep } = {}) {
  const sigmas = karras(steps);
  let x = noise.map((value) => value * sigmas[0]);
  for (let i = 0; i < steps; i++) {
    const [sigma, next] = [sigmas[i], sigmas[i + 1]];
    const clean = await denoise(x, sigma);
    const slope = x.map((value, k) => (value - clean[k]) / sigma);
    const ahead = x.map((value, k) => value + (next - sigma) * slope[k]);
    if (next > 0) {
      const cleaner = await denoise(ahead, next);
      x = x.map((value, k) => value + (next - sigma) * 0.5 * (slope[k] + (ahead[k] - cleaner[k]) / next));
    } else x = ahead;
    await onStep?.(i + 1, clean);
  }
  return x;
}

/** Unit noise from a seed: the same images for the same seed. */
export function unitNoise(length, seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 1) / 4294967297;
  };
  return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}
