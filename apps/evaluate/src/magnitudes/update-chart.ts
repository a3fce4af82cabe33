import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { ACCENT, INK, MARK, MUTED } from '@edm2/app-kit/pictures/theme';
import type { TopLevelSpec } from 'vega-lite';
import { logExtent, logTicks } from './log-axis.js';
import { shade } from './shade.js';
import { spreadLabels } from './spread-labels.js';
import { extremeTensors, medianUpdates, type PositiveUpdate, positiveUpdates, updatePoints } from './update-points.js';

/** In pixels. */
const [WIDTH, HEIGHT, LEADER] = [500, 300, 22] as const;
/** Size of the names and the least distance between two. */
const [EM, LINE_HEIGHT] = [11, 14] as const;
/** Named at each end: as many as stay apart by colour. */
const NAMED = 3;

/** A line that bears a name. */
interface Named {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly { readonly nimg: number; readonly update: number }[];
}

/**
 * How far a step moves each weight relative to its size: a thin line each, their median, and by name those that are outermost at the
 * end. Undefined where none was recorded.
 */
export function updateChart(lines: readonly MagnitudeLine[]): TopLevelSpec | undefined {
  const values = positiveUpdates(updatePoints(lines));
  if (values.length === 0) return undefined;
  const named = namedLines(values);
  const extent = logExtent(values.map(({ update }) => update));
  const ticks = logTicks(extent);
  const names = named.map(({ name }) => name);
  const x = {
    field: 'nimg',
    type: 'quantitative',
    title: 'images seen',
    axis: { format: '~s' },
    scale: { nice: false },
  } as const;
  const y = {
    field: 'update',
    type: 'quantitative',
    title: '‖Δw‖ / ‖w‖ of a step',
    scale: { type: 'log', nice: false, zero: false, domain: extent },
    // Vega thins out values that are more than its tick count.
    axis: { format: '~g', ...(ticks.length > 1 && { values: ticks, tickCount: ticks.length }) },
  } as const;
  const color = {
    field: 'name',
    type: 'nominal',
    scale: { domain: names, range: named.map(({ colour }) => colour) },
    legend: null,
  } as const;
  const line = (of: readonly Named[], strokeWidth: number) => ({
    data: { values: of.flatMap(({ name, points }) => points.map((point) => ({ ...point, name }))) },
    mark: { type: 'line' as const, strokeWidth },
    encoding: { x, y, color },
  });
  const labels = labelsOf(named, extent);
  const pixels = (field: string) => ({ field, type: 'quantitative', scale: null, axis: null }) as const;
  const [median, ...tensors] = named;
  return {
    width: WIDTH,
    height: HEIGHT,
    // Vega takes names for half as wide again as they are drawn: the room around the plot is given instead.
    autosize: 'none',
    padding: {
      left: 54,
      top: 66,
      bottom: 42,
      right: LEADER + 14 + EM * 0.6 * Math.max(...names.map((name) => name.length)),
    },
    title: {
      text: 'Relative size of updates',
      subtitle: 'a line for each weight, their median, and by name the largest and the smallest at the end',
    },
    layer: [
      {
        data: { values: values.filter(({ tensor }) => !names.includes(tensor)) },
        mark: { type: 'line', strokeWidth: 0.7, color: MUTED, opacity: 0.35 },
        encoding: { x, y, detail: { field: 'tensor' } },
      },
      line(tensors, 1.5),
      line(median ? [median] : [], 2.6),
      {
        data: { values: labels },
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: {
          x: { value: WIDTH + 3 },
          x2: { value: WIDTH + LEADER },
          y: pixels('from'),
          y2: { field: 'to' },
          color,
        },
      },
      {
        data: { values: labels },
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 5, color: INK, fontSize: EM },
        encoding: { x: { value: WIDTH + LEADER }, y: pixels('to'), text: { field: 'name' } },
      },
    ],
  };
}

/** The median first, then the tensors with the largest and the smallest updates at the end, the outermost in the fullest colour. */
function namedLines(values: readonly PositiveUpdate[]): Named[] {
  const { largest, smallest } = extremeTensors(values, NAMED);
  const named = (colour: string) => (name: string, i: number) => ({
    name,
    colour: shade(colour, NAMED - 1 - i, NAMED),
    points: values.filter(({ tensor }) => tensor === name),
  });
  return [
    { name: 'median', colour: INK, points: medianUpdates(values) },
    ...largest.map(named(MARK)),
    ...smallest.map(named(ACCENT)),
  ];
}

/** Where each line ends and where its name stands, in pixels from the top. */
function labelsOf(named: readonly Named[], [low, high]: readonly [number, number]) {
  const pixel = (value: number): number => (HEIGHT * Math.log(high / value)) / Math.log(high / low);
  const ends = named
    .map(({ name, points }) => ({ name, from: pixel(points.at(-1)?.update ?? low) }))
    .sort((a, b) => a.from - b.from);
  const places = spreadLabels(
    ends.map(({ from }) => from),
    LINE_HEIGHT,
  );
  return ends.map((end, i) => ({ ...end, to: places[i] ?? end.from }));
}
