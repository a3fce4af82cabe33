import type { FeatureNetwork } from '@edm2/app-kit/scores/feature-network';
import type { Reference } from '@edm2/app-kit/scores/reference-file';
import { print, say } from '../say.js';
import { figuresOf, formatFigure, warnings } from './figures.js';
import type { Measurement } from './measure.js';
import type { MetricName } from './metrics.js';

/** What {@link printFigures} says. */
export interface PrintedFigures {
  /** What was measured. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly network: FeatureNetwork;
  readonly metrics: readonly MetricName[];
  readonly draws: readonly Measurement[];
  readonly reference: Reference;
  readonly json: boolean;
}

/** Prints a line a figure, or one JSON object; warnings go to the error stream, and into the object. */
export function printFigures({ about, network, metrics, draws, reference, json }: PrintedFigures): void {
  const figures = figuresOf(network, metrics, draws);
  const notes = warnings(network, metrics, draws[0]?.n ?? 0, reference.n);
  if (json)
    print(
      JSON.stringify({
        ...about,
        features: network.name,
        n: draws[0]?.n ?? 0,
        nReference: reference.n,
        figures,
        draws,
        warnings: notes,
      }),
    );
  else for (const figure of figures) print(formatFigure(figure));
  for (const note of notes) say(`warning: ${note}`);
}
