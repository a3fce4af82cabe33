import { checkCount } from './check-count.js';
import type { RandomStream } from './stream.js';

/** How a parameter is initialised: `N(0, std²)`, `U[low, high)`, or one value everywhere. */
export type Distribution =
  | { readonly normal: number }
  | { readonly uniform: readonly [low: number, high: number] }
  | { readonly constant: number };

/**
 * Draws `count` values of a distribution from a stream. Scaled in float64, rounded to float32 (so `uniform` may round up to `high`).
 *
 * @param distribution - `{ normal: std }`, std ≥ 0; `{ uniform: [low, high] }`, low ≤ high; `{ constant: value }` (draws nothing).
 * @param count - 0 ≤ count < 2³¹.
 * @param stream - continues it.
 * @returns `[count]` float32.
 * @throws {RangeError} when a parameter is not finite or out of range.
 * @throws {TypeError} when the distribution is of no known kind.
 */
export function draw(distribution: Distribution, count: number, stream: RandomStream): Float32Array<ArrayBuffer> {
  const [kind, ...more] = Object.keys(distribution);
  if (more.length > 0)
    throw new RangeError(
      `draw: expected one of { normal }, { uniform } and { constant }, got ${[kind, ...more].join(' and ')}. Leave out ${more.join(' and ')}.`,
    );
  if ('normal' in distribution) {
    const std = distribution.normal;
    if (!(std >= 0 && std < Number.POSITIVE_INFINITY)) fail('normal to be a standard deviation ≥ 0', std);
    return stream.normal(count).map((value) => value * std);
  }
  if ('uniform' in distribution) {
    const [low, high] = distribution.uniform;
    if (!(low <= high && Number.isFinite(high - low)))
      fail('uniform to be [low, high] with low ≤ high', `[${low}, ${high}]`);
    return stream.uniform(count).map((value) => low + (high - low) * value);
  }
  if ('constant' in distribution) {
    checkCount('draw', 'count', count, 0);
    if (!Number.isFinite(distribution.constant)) fail('constant to be finite', distribution.constant);
    return new Float32Array(count).fill(distribution.constant);
  }
  throw new TypeError(
    `draw: expected { normal }, { uniform } or { constant }, got ${JSON.stringify(distribution)}. Name one of the three.`,
  );
}

function fail(invariant: string, actual: unknown): never {
  throw new RangeError(`draw: expected ${invariant}, got ${String(actual)}. Correct the distribution.`);
}
