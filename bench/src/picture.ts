import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { AXIS, curvePoints, curvesOf, seriesOf } from './curve.js';
import type { Point, Row } from './row.js';

const PAPER = '#ffffff'; // a page may be dark
const INK = '#2b313c';
const COLOURS = ['#2b62d9', '#c2570c', '#6c7686', '#2e8b57'];

/** A picture `<name>-<curve>.svg` in the folder for each curve that rows stand on. */
export async function writePictures(folder: string, name: string, rows: readonly Row[]): Promise<void> {
  for (const curve of curvesOf(rows)) {
    await mkdir(folder, { recursive: true });
    const title = `Time of a training step over ${AXIS[curve]}`;
    await writeFile(join(folder, `${name}-${curve}.svg`), await drawCurve(rows, curve, title));
  }
}

/** Draws a curve as a self-contained SVG, both axes logarithmic: a straight line at 45° is a cost in proportion. */
export async function drawCurve(rows: readonly Row[], curve: Point['curve'], title: string): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = vegaLite.compile(curveSpec(rows, curve, title), { logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}

/** The picture as Vega-Lite. */
function curveSpec(rows: readonly Row[], curve: Point['curve'], title: string): TopLevelSpec {
  const points = curvePoints(rows, curve);
  const scale = { type: 'log', nice: false, zero: false } as const;
  return {
    width: 480,
    height: 280,
    background: PAPER,
    padding: 10,
    title: { text: title, anchor: 'start', color: INK },
    config: { font: 'sans-serif', view: { stroke: null } },
    data: { values: points },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: AXIS[curve], scale, axis: { format: '~s', tickCount: 5 } },
      y: { field: 'ms', type: 'quantitative', title: 'ms a step', scale, axis: { format: '~s', tickCount: 5 } },
      color: {
        field: 'series',
        type: 'nominal',
        title: null,
        scale: { domain: seriesOf(rows, curve), range: COLOURS },
      },
    },
  };
}
