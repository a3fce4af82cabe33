/** `‖actual − expected‖₂ / ‖expected‖₂`; NaN anywhere gives NaN, and lengths that differ throw. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length)
    throw new RangeError(`relativeError: lengths ${actual.length} and ${expected.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = expected[i] ?? Number.NaN;
    const a = actual[i] ?? Number.NaN;
    difference += (a - e) ** 2;
    norm += e * e;
  }
  return Math.sqrt(difference / (norm || 1e-30));
}

/** Largest `|actual − expected|`; NaN anywhere gives NaN. */
export function maxAbsoluteError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length)
    throw new RangeError(`maxAbsoluteError: lengths ${actual.length} and ${expected.length}`);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs((actual[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    if (!(d <= worst)) worst = d;
  }
  return worst;
}
