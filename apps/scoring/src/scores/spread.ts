import { spreadOf as spreadOfSeveral } from '@edm2/fid';

/** A figure measured several times. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (draws − 1); NaN for a single draw. */
  readonly std: number;
  readonly draws: number;
}

/** Mean and sample standard deviation; a single draw has none. */
export function spreadOf(values: readonly number[]): Spread {
  const [first = Number.NaN] = values;
  if (values.length < 2 || !values.every(Number.isFinite))
    return { mean: values.length < 2 ? first : Number.NaN, std: Number.NaN, draws: values.length };
  const { mean, std } = spreadOfSeveral(values);
  return { mean, std, draws: values.length };
}

/** `2.71 ± 0.08`, or `2.71` for a single draw. */
export function formatSpread({ mean, std }: Spread, digits = 3): string {
  const text = Number(mean.toPrecision(digits + 1)).toString();
  // Read back from JSON, a spread of one draw is null.
  return Number.isFinite(std) ? `${text} ± ${Number(std.toPrecision(2))}` : text;
}
