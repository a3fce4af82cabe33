import type { Measurement } from '@edm2/app-scoring/scores/measure';
import { type MetricKey, metricWarnings } from '@edm2/fid';
import type { FeatureNetwork, Reference } from 'edm2/parts';
import { print, say } from '../say.js';
import { figuresOf, formatFigure } from './figures.js';

/** What {@link printFigures} says. */
export interface PrintedFigures {
  /** What was measured. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly network: FeatureNetwork;
  readonly metrics: readonly MetricKey[];
  readonly draws: readonly Measurement[];
  readonly reference: Reference;
  readonly json: boolean;
}

/** Prints a line a figure, or one JSON object; warnings go to the error stream, and into the object. */
export function printFigures({ about, network, metrics, draws, reference, json }: PrintedFigures): void {
  const figures = figuresOf(network, metrics, draws);
  const n = draws[0]?.n ?? 0;
  const notes = metricWarnings(metrics, { n, nReference: reference.n, dims: network.dims });
  if (json)
    print(
      JSON.stringify({
        ...about,
        features: network.name,
        n,
        nReference: reference.n,
        figures,
        draws: draws.map(valuesAndSpreads),
        warnings: notes,
      }),
    );
  else for (const figure of figures) print(formatFigure(figure));
  for (const note of notes) say(`warning: ${note}`);
}

/** A draw as `--json` prints it: values, and the deviations of those that have one. */
function valuesAndSpreads({ n, figures }: Measurement) {
  const entries = Object.entries(figures);
  return {
    n,
    values: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
    spreads: Object.fromEntries(entries.flatMap(([key, { std, over }]) => (over ? [[key, { std, over }]] : []))),
  };
}
