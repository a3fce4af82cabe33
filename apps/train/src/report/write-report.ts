import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import type { TopLevelSpec } from 'vega-lite';
import { emaCurve } from './ema-curve.js';
import { lossBySigma } from './loss-by-sigma.js';
import { lossCurve } from './loss-curve.js';
import { renderPage } from './page.js';
import type { RunReport } from './types.js';
import { validationByNoiseLevel, validationCurve } from './validation-curve.js';

/** Previews on the page; more are thinned out evenly, first and last kept. */
const MAX_PREVIEWS = 8;
/** Width of the charts' PNG files: twice the drawn size, for screens of double density. */
const PNG_WIDTH = 1100;

/**
 * Writes the one-page report, and beside it the charts as `loss-curve.png`, `validation.png`, `validation-by-noise-level.png`, `loss-by-noise-level.png` and `ema-curve.png`, each
 * where its data is given.
 *
 * @param path - the HTML file; it embeds everything that it shows.
 * @returns paths of the charts.
 * @throws {Error} (rejects) when a picture cannot be read or a file cannot be written.
 */
export async function writeReport(path: string, report: RunReport): Promise<string[]> {
  const drawn = await Promise.all(
    chartSpecs(report).map(async ({ name, spec, tall = false }) => {
      const chart = await renderChart(name, spec);
      const file = join(dirname(path), `${name}.png`);
      await writeWhole(file, await chart.png(PNG_WIDTH));
      return { file, title: name.replaceAll('-', ' '), svg: chart.svg, tall };
    }),
  );
  const previews = spread(report.previews ?? [], MAX_PREVIEWS);
  const paths = [report.grid, report.realGrid, ...previews].flatMap((picture) => (picture ? [picture.path] : []));
  const pictures = new Map(await Promise.all(paths.map(async (file) => [file, await dataUri(file)] as const)));
  await writeWhole(path, renderPage(report, { pictures, charts: drawn, previews }));
  return drawn.map(({ file }) => file);
}

function chartSpecs({
  lossCurve: loss = [],
  validation = [],
  lossBySigma: bySigma = [],
  emaCurve: ema = [],
}: RunReport) {
  const charts: { name: string; spec: TopLevelSpec; tall?: boolean }[] = [];
  // A line needs two points.
  if (loss.length > 1) charts.push({ name: 'loss-curve', spec: lossCurve(loss) });
  if (validation.length > 1) {
    charts.push({ name: 'validation', spec: validationCurve(validation) });
    charts.push({ name: 'validation-by-noise-level', spec: validationByNoiseLevel(validation), tall: true });
  }
  const emaSpec = emaCurve(ema);
  if (emaSpec) charts.push({ name: 'ema-curve', spec: emaSpec, tall: true });
  if (bySigma.length > 1) charts.push({ name: 'loss-by-noise-level', spec: lossBySigma(bySigma) });
  return charts;
}

/** At most `limit` of a list, evenly spread, ends included. */
function spread<T>(list: readonly T[], limit: number): T[] {
  if (list.length <= limit) return [...list];
  return Array.from({ length: limit }, (_, i) => list[Math.round((i * (list.length - 1)) / (limit - 1))]).filter(
    (item) => item !== undefined,
  );
}

const dataUri = async (path: string): Promise<string> =>
  `data:image/png;base64,${(await readFile(path)).toString('base64')}`;
