import type { LossPoint } from './types.js';

/**
 * Moving average around each point. Towards the start the window shrinks, because the loss falls steeply there;
 * at the end, where it is flat, it takes what is left, so that the curve does not end in one tick's noise.
 *
 * @param points - in order of nimg.
 * @param window - points on either side, ≥ 0.
 * @returns a point for each.
 */
export function smooth(points: readonly LossPoint[], window: number): LossPoint[] {
  const sums = new Float64Array(points.length + 1);
  for (const [i, { loss }] of points.entries()) sums[i + 1] = (sums[i] ?? 0) + loss;
  return points.map(({ nimg }, i) => {
    const reach = Math.min(window, Math.floor(i / 3));
    const [first, last] = [i - reach, Math.min(i + reach, points.length - 1)];
    return { nimg, loss: ((sums[last + 1] ?? 0) - (sums[first] ?? 0)) / (last + 1 - first) };
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
