import type { Io } from '@edm2/command/io';
import { sampleSizeWarning } from '../../sample-size.js';
import type { Detector } from '../detectors.js';
import { type Figure, showFigure } from './figures.js';
import type { MeasuredSet } from './measure.js';

/** Prints figures with n, as lines or one JSON object, and a warning when n is small. */
export function printResult(
  io: Io,
  { dims, resize }: Detector,
  { network, json }: { readonly network: string; readonly json?: true },
  { fake, real, figures }: { fake: MeasuredSet; real: MeasuredSet; figures: readonly Figure[] },
): void {
  const smaller = Math.min(fake.n ?? Number.POSITIVE_INFINITY, real.n ?? Number.POSITIVE_INFINITY);
  const warning = Number.isFinite(smaller) ? sampleSizeWarning(smaller, dims) : undefined;
  if (json) {
    const setup = { network, resize, n: fake.n, nReference: real.n };
    const skipped = { skipped: fake.skipped, skippedReference: real.skipped };
    io.out(JSON.stringify({ ...setup, ...skipped, figures, ...(warning ? { warning } : {}) }));
  } else {
    const counts = `n = ${count(fake.n)} against ${count(real.n)}, ${network}, ${resize}`;
    io.out(figures.map((figure) => `${showFigure(figure)}  (${counts})`).join('\n'));
  }
  if (warning) io.err.write(`fid: ${warning}\n`);
}

const count = (n: number | undefined): string => (n === undefined ? 'unknown' : n.toLocaleString('en-US'));
