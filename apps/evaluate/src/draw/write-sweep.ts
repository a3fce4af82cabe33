import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { ranked, type ScoreKind, type SweepResult } from '@edm2/app-scoring/sweep/result';
import { infinityAsText } from '@edm2/app-scoring/sweep/store';
import type { TopLevelSpec } from 'vega-lite';
import { sweepCsv } from './csv.js';
import { emaCurves } from './ema-curves.js';
import { HEAT_AXES, heatMap } from './heat-map.js';
import { renderSweepPage, type SweepPage } from './sweep-page.js';

/** Width of the charts' PNG files: twice the drawn size, for screens of double density. */
const PNG_WIDTH = 1100;

/**
 * Writes what a sweep found: `sweep.json`, `sweep.csv`, each chart as PNG and SVG, and `sweep.html`, which embeds all of it.
 *
 * @param bestImages - PNG of the best point's images.
 * @returns paths of what was written.
 */
export async function writeSweep(
  outdir: string,
  found: readonly SweepResult[],
  about: Omit<SweepPage, 'results' | 'charts' | 'images'>,
  bestImages: string,
): Promise<string[]> {
  const results = ranked(found, about.score);
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array): Promise<void> => {
    const path = join(outdir, name);
    await writeWhole(path, content);
    written.push(path);
  };
  const { title, score, settings, command } = about;
  await write('sweep.json', `${JSON.stringify({ title, score, settings, command, results }, infinityAsText, 2)}\n`);
  await write('sweep.csv', sweepCsv(results));
  const charts = [];
  for (const [name, spec] of Object.entries(chartSpecs(results, score))) {
    if (!spec) {
      // Of a sweep before, in the same folder.
      for (const kind of ['svg', 'png']) await rm(join(outdir, `${name}.${kind}`), { force: true });
      continue;
    }
    const chart = await renderChart(name, spec);
    await write(`${name}.svg`, chart.svg);
    await write(`${name}.png`, await chart.png(PNG_WIDTH));
    charts.push({ title: name.replaceAll('-', ' '), svg: chart.svg });
  }
  await write('sweep.html', renderSweepPage({ ...about, results, charts, images: await readFile(bestImages) }));
  return written;
}

const chartSpecs = (results: readonly SweepResult[], score: ScoreKind): Record<string, TopLevelSpec | undefined> => ({
  'ema-curves': emaCurves(results, score),
  'ema-by-guidance': heatMap(results, HEAT_AXES.sigmaRel, HEAT_AXES.weight, score),
  'ema-by-guiding-ema': heatMap(results, HEAT_AXES.sigmaRel, HEAT_AXES.guideSigmaRel, score),
  'guidance-by-interval': heatMap(results, HEAT_AXES.weight, HEAT_AXES.interval, score),
});
