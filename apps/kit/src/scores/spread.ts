/** A figure measured several times. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation (draws − 1); NaN for a single draw. */
  readonly std: number;
  readonly draws: number;
}

/** Mean and sample standard deviation. */
export function spreadOf(values: readonly number[]): Spread {
  const draws = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / draws;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: draws > 1 ? Math.sqrt(squares / (draws - 1)) : Number.NaN, draws };
}

/** `2.71 ± 0.08`, or `2.71` for a single draw. */
export function formatSpread({ mean, std }: Spread, digits = 3): string {
  const text = Number(mean.toPrecision(digits + 1)).toString();
  return Number.isNaN(std) ? text : `${text} ± ${Number(std.toPrecision(2))}`;
}
