import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';

/** ‖Δw‖/‖w‖ of a tensor at one step; null where the tensor was zero. */
export interface UpdatePoint {
  readonly nimg: number;
  readonly tensor: string;
  readonly update: number | null;
}

/** A size that a logarithmic axis can show. */
export interface PositiveUpdate extends UpdatePoint {
  readonly update: number;
}

/** Every recorded tensor at every tick. */
export const updatePoints = (lines: readonly MagnitudeLine[]): UpdatePoint[] =>
  lines.flatMap(({ nimg, updates = {} }) =>
    Object.entries(updates).map(([tensor, update]) => ({ nimg, tensor, update })),
  );

export const positiveUpdates = (points: readonly UpdatePoint[]): PositiveUpdate[] =>
  points.flatMap((point) => (point.update !== null && point.update > 0 ? [{ ...point, update: point.update }] : []));

/** The value in the middle of each tick; of an even number, the upper one of the two. */
export const medianUpdates = (points: readonly PositiveUpdate[]): { nimg: number; update: number }[] =>
  [...new Set(points.map(({ nimg }) => nimg))].map((nimg) => {
    const sorted = points
      .filter((point) => point.nimg === nimg)
      .map(({ update }) => update)
      .sort((a, b) => a - b);
    return { nimg, update: sorted[sorted.length >> 1] ?? Number.NaN };
  });

/** The tensors with the largest and with the smallest updates at the last tick, the outermost first; none is in both. */
export function extremeTensors(
  points: readonly PositiveUpdate[],
  count: number,
): { largest: string[]; smallest: string[] } {
  const end = Math.max(...points.map(({ nimg }) => nimg));
  const names = points
    .filter(({ nimg }) => nimg === end)
    .sort((a, b) => b.update - a.update)
    .map(({ tensor }) => tensor);
  const largest = names.slice(0, Math.min(count, Math.ceil(names.length / 2)));
  return { largest, smallest: names.slice(largest.length).slice(-count).reverse() };
}
