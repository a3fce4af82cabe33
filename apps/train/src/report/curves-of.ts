import type { LogLine } from '../run/log.js';
import type { TrainedRun } from '../run/train-run.js';
import type { RunReport } from './types.js';

/** What a page shows of a training itself: its losses. */
export const curvesOf = (
  log: readonly LogLine[],
  trained: TrainedRun,
): Required<Pick<RunReport, 'lossCurve' | 'validation' | 'lossBySigma'>> => ({
  lossCurve: log.map(({ nimg, loss }) => ({ nimg, loss })),
  validation: log.flatMap(({ nimg, validation }) => (validation ? [{ nimg, ...validation }] : [])),
  lossBySigma: lossBySigma(trained),
});

/** Mean loss of each bin of noise levels that was seen, at the bin's middle. */
function lossBySigma({ byNoiseLevel }: TrainedRun): NonNullable<RunReport['lossBySigma']> {
  const { edges, mean } = byNoiseLevel.result();
  return Array.from(mean).flatMap((loss, i) =>
    Number.isFinite(loss) ? [{ sigma: Math.sqrt((edges[i] ?? 1) * (edges[i + 1] ?? 1)), loss }] : [],
  );
}
