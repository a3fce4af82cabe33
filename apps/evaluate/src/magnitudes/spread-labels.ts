/**
 * Label positions at least `gap` apart and as near to where they belong as that allows: those that would overlap stand around their
 * common middle.
 *
 * @param wanted - ascending, in pixels.
 * @returns as many, ascending.
 */
export function spreadLabels(wanted: readonly number[], gap: number): number[] {
  // Least squares under y[i + 1] ≥ y[i] + gap: isotonic regression of y[i] − i·gap by pooling adjacent violators.
  const pools: { mean: number; size: number }[] = [];
  for (const [i, y] of wanted.entries()) {
    let pool = { mean: y - i * gap, size: 1 };
    for (let last = pools.at(-1); last && last.mean > pool.mean; last = pools.at(-1)) {
      pools.pop();
      const size = last.size + pool.size;
      pool = { mean: (last.mean * last.size + pool.mean * pool.size) / size, size };
    }
    pools.push(pool);
  }
  return pools.flatMap(({ mean, size }) => Array<number>(size).fill(mean)).map((y, i) => y + i * gap);
}
