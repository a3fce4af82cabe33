import type { Io } from '@edm2/command/io';
import { metricWarnings } from '../../metrics/measure-metrics.js';
import type { MetricKey } from '../../metrics/metrics.js';
import type { Figure } from '../../metrics/over-draws.js';
import type { Detector } from '../detectors.js';
import type { MeasuredSet } from '../measure/measured-set.js';
import { showFigure } from './figures.js';

/** What {@link printResult} says. */
export interface PrintedResult {
  /** The draw whose number of images is that of all. */
  readonly fake: MeasuredSet;
  readonly real: MeasuredSet;
  readonly metrics: readonly MetricKey[];
  readonly figures: readonly Figure[];
  readonly json: boolean;
}

/** Prints figures with n, as lines or one JSON object; warnings go to the error stream, and into the object. */
export function printResult(
  io: Io,
  { name, dims, resize }: Detector,
  { fake, real, metrics, figures, json }: PrintedResult,
): void {
  const warnings = metricWarnings(metrics, { n: fake.n, nReference: real.n, dims });
  if (json) {
    const setup = { network: name, resize, n: fake.n, nReference: real.n };
    const skipped = { skipped: fake.skipped, skippedReference: real.skipped };
    io.out(JSON.stringify({ ...setup, ...skipped, figures, warnings }));
  } else {
    const counts = `n = ${count(fake.n)} against ${count(real.n)}, ${name}, ${resize}`;
    io.out(figures.map((figure) => `${showFigure(figure)}  (${counts})`).join('\n'));
  }
  for (const warning of warnings) io.err.write(`fid: ${warning}\n`);
}

const count = (n: number | undefined): string => (n === undefined ? 'unknown' : n.toLocaleString('en-US'));
