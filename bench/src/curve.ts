import type { Point, Row } from './row.js';
import { digits } from './table.js';

/** One measured time of a curve. */
export interface CurvePoint {
  readonly x: number;
  readonly series: string;
  readonly ms: number;
}

type CurveName = Point['curve'];

/** What grows, as a table's first column and a picture's axis say it. */
export const AXIS: Readonly<Record<CurveName, string>> = { parameters: 'parameters', batch: 'batch' };

/** The curves that rows stand on, each once. */
export const curvesOf = (rows: readonly Row[]): CurveName[] => [
  ...new Set(rows.flatMap(({ point }) => (point ? [point.curve] : []))),
];

/** Every time on a curve: ours by engine, theirs by peer, once for each place. Sides without a time are left out. */
export function curvePoints(rows: readonly Row[], curve: CurveName): CurvePoint[] {
  const points = new Map<string, CurvePoint>();
  const add = (x: number, series: string, ms: number | null): void => {
    if (ms !== null) points.set(JSON.stringify([x, series]), { x, series, ms });
  };
  for (const { point, ours, theirs, peer } of rows) {
    if (point?.curve !== curve) continue;
    add(point.x, point.engine, ours);
    add(point.x, peer, theirs);
  }
  return [...points.values()].sort((a, b) => a.x - b.x);
}

/** The sides of a curve in the order of columns: our engines, then peers. */
export function seriesOf(rows: readonly Row[], curve: CurveName): string[] {
  const there = new Set(curvePoints(rows, curve).map(({ series }) => series));
  const ordered = [...rows.map(({ point }) => point?.engine), ...rows.map(({ peer }) => peer)];
  return [...new Set(ordered)].filter((name) => name !== undefined && there.has(name)) as string[];
}

/** A narrow Markdown table: a line for each place, a column for each side, medians in milliseconds. */
export function curveTable(rows: readonly Row[], curve: CurveName): string {
  const points = curvePoints(rows, curve);
  const series = seriesOf(rows, curve);
  const places = [...new Set(points.map(({ x }) => x))];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line([AXIS[curve], ...series.map((name) => `${name}, ms`)]),
    line(['---', ...series.map(() => '---')]),
    ...places.map((x) =>
      line([
        describe(curve, x),
        ...series.map((name) => digits(points.find((point) => point.x === x && point.series === name)?.ms ?? null)),
      ]),
    ),
  ].join('\n');
}

const describe = (curve: CurveName, x: number): string =>
  curve === 'parameters' ? `${(x / 1e6).toFixed(2)} M` : String(x);
