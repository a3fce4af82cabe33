import { createPointMeasure, type MeasurePointsOptions } from './measure-points.js';
import type { SweepAxes } from './point.js';
import { cost, type SweepResult } from './result.js';
import { type SearchOptions, searchBest } from './search.js';

/** What {@link runSweep} needs. */
export interface RunSweepOptions extends SearchOptions, MeasurePointsOptions {
  readonly axes: SweepAxes;
}

/** Measures the points that the search asks for; draws that are in the store are not made again. */
export async function runSweep(options: RunSweepOptions): Promise<SweepResult[]> {
  const { measure } = createPointMeasure(options);
  const results: SweepResult[] = [];
  const measurePoints: Parameters<typeof searchBest>[1] = async (points) => {
    const found = await measure(points);
    results.push(...found);
    return found.map((result) => ({ point: result.point, score: cost(result, options.score) }));
  };
  await searchBest(options.axes, measurePoints, options);
  return results;
}
