import type { LossPoint } from './types.js';

/**
 * Centred moving average; the window shrinks at both ends so that it stays centred.
 *
 * @param points - in order of nimg.
 * @param window - points on either side, ≥ 0.
 * @returns a point for each.
 */
export function smooth(points: readonly LossPoint[], window: number): LossPoint[] {
  const sums = new Float64Array(points.length + 1);
  for (const [i, { loss }] of points.entries()) sums[i + 1] = (sums[i] ?? 0) + loss;
  return points.map(({ nimg }, i) => {
    const reach = Math.min(window, i, points.length - 1 - i);
    const sum = (sums[i + reach + 1] ?? 0) - (sums[i - reach] ?? 0);
    return { nimg, loss: sum / (2 * reach + 1) };
  });
}

/** At most `limit` points, each the mean of a run of neighbours: a chart has no room for more. */
export function thin(points: readonly LossPoint[], limit: number): LossPoint[] {
  const step = Math.ceil(points.length / limit);
  if (step <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / step) }, (_, i) => {
    const run = points.slice(i * step, (i + 1) * step);
    const mean = (of: (point: LossPoint) => number) => run.reduce((sum, point) => sum + of(point), 0) / run.length;
    return { nimg: mean(({ nimg }) => nimg), loss: mean(({ loss }) => loss) };
  });
}
