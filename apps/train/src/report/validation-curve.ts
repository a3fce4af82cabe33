import { ACCENT, MARK, MUTED } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import type { ValidationPoint } from './types.js';

/** A loss of one kind of images at one time. */
interface Row {
  readonly nimg: number;
  readonly kind: string;
  readonly loss: number;
  readonly level: string;
}

const HELD_OUT = 'held out';
const TRAINING = 'trained on';

const COLOUR = {
  field: 'kind',
  type: 'nominal',
  scale: { domain: [HELD_OUT, TRAINING], range: [MARK, ACCENT] },
  legend: null,
} as const;

const x = (title: string | null) =>
  ({
    field: 'nimg',
    type: 'quantitative',
    title,
    scale: { nice: false, zero: false },
    axis: { format: '~s', tickCount: 4 },
  }) as const;

const y = { field: 'loss', type: 'quantitative', title: null, scale: { zero: false }, axis: { tickCount: 4 } } as const;

/** Loss of held-out and of training images over images seen, the mean over noise levels: where they part, images are being learned by heart. */
export function validationCurve(points: readonly ValidationPoint[]): TopLevelSpec {
  const values = rowsOf(points, ({ heldOut, training }) => [
    { heldOut: mean(heldOut), training: mean(training), level: '' },
  ]);
  // Room for the names of lines.
  const roomy = { ...y, scale: { ...y.scale, padding: 20 } } as const;
  const last = values.filter(({ nimg }) => nimg === points.at(-1)?.nimg);
  return {
    width: 440,
    height: 190,
    title: {
      text: 'Held-out loss and training loss',
      subtitle: 'as many images of each, always with the same noise',
    },
    layer: [
      {
        data: { values },
        mark: { type: 'line', point: { size: 22 } },
        encoding: { x: x('images seen'), y: roomy, color: COLOUR },
      },
      // The lower line's name goes below it.
      ...[HELD_OUT, TRAINING].map((kind) => ({
        data: { values: last.filter((row) => row.kind === kind) },
        mark: { type: 'text', align: 'right', dy: kind === HELD_OUT ? -10 : 14, fontWeight: 600 } as const,
        encoding: { x: x('images seen'), y: roomy, color: COLOUR, text: { field: 'kind' } },
      })),
    ],
  };
}

/** The same by noise level, a panel each. */
export function validationByNoiseLevel(points: readonly ValidationPoint[]): TopLevelSpec {
  const values = rowsOf(points, ({ sigmas, heldOut, training }) =>
    sigmas.map((sigma, i) => ({
      heldOut: heldOut[i] ?? Number.NaN,
      training: training[i] ?? Number.NaN,
      level: `σ ${sigma.toPrecision(2)}`,
    })),
  );
  return {
    data: { values },
    title: { text: 'The same at each noise level', subtitle: 'orange: held out; blue: trained on' },
    facet: {
      field: 'level',
      type: 'ordinal',
      title: null,
      sort: null,
      header: { labelAnchor: 'start', labelFontSize: 11, labelColor: MUTED },
    },
    columns: 4,
    spacing: 18,
    spec: {
      width: 84,
      height: 84,
      mark: { type: 'line', strokeWidth: 1.6 },
      encoding: {
        x: { ...x(null), axis: { format: '~s', tickCount: 2 } },
        y: { ...y, axis: { tickCount: 3 } },
        color: COLOUR,
      },
    },
    resolve: { scale: { y: 'independent' } },
  };
}

const mean = (losses: readonly number[]): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

/** Two rows for each pair of losses. */
function rowsOf(
  points: readonly ValidationPoint[],
  pairsOf: (point: ValidationPoint) => readonly { heldOut: number; training: number; level: string }[],
): Row[] {
  return points.flatMap((point) =>
    pairsOf(point).flatMap(({ heldOut, training, level }): Row[] => [
      { nimg: point.nimg, kind: HELD_OUT, loss: heldOut, level },
      { nimg: point.nimg, kind: TRAINING, loss: training, level },
    ]),
  );
}
