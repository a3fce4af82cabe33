import { join } from 'node:path';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { withDestination } from '@edm2/command/destination';
import { expectFolder } from '@edm2/command/expect-destination';
import type { Command } from 'commander';
import { csvText } from '../draw/csv.js';
import { magnitudeChart, magnitudePoints } from '../magnitudes/magnitude-chart.js';
import { readMagnitudes } from '../magnitudes/read-magnitudes.js';
import { updateChart } from '../magnitudes/update-chart.js';
import { updatePoints } from '../magnitudes/update-points.js';
import { say } from '../say.js';

/** Twice the drawn size, for screens of double density. */
const PNG_WIDTH = 1500;

/** `edm2-evaluate magnitudes <run>`. */
export const addMagnitudesCommand = (program: Command): Command =>
  withDestination(
    program.command('magnitudes'),
    '--outdir <folder>',
    "where the pictures go (default: the run's folder); earlier ones are replaced",
  )
    .argument('<run>', "a run's folder, trained with --magnitudes")
    .description(
      'Draw magnitudes of activations and weights over training, and sizes of updates where they were recorded.',
    )
    .action((run: string, { outdir = run }: { outdir?: string }) => magnitudesCommand(run, outdir));

async function magnitudesCommand(run: string, outdir: string): Promise<void> {
  const lines = await readMagnitudes(run);
  await expectFolder('--outdir', outdir);
  const magnitudes = magnitudePoints(lines).map(({ nimg, of, over, bucket, value }) => [nimg, of, over, bucket, value]);
  await writeWhole(join(outdir, 'magnitudes.csv'), csvText([['nimg', 'of', 'over', 'bucket', 'value'], ...magnitudes]));
  const updates = updatePoints(lines).map(({ nimg, tensor, update }) => [nimg, tensor, update ?? undefined]);
  if (updates.length > 0)
    await writeWhole(join(outdir, 'updates.csv'), csvText([['nimg', 'tensor', 'update'], ...updates]));
  const charts = { magnitudes: magnitudeChart(lines), updates: updateChart(lines) };
  for (const [name, spec] of Object.entries(charts)) {
    if (!spec) continue;
    const chart = await renderChart(name, spec);
    await writeWhole(join(outdir, `${name}.svg`), chart.svg);
    await writeWhole(join(outdir, `${name}.png`), await chart.png(PNG_WIDTH));
    say(`${join(outdir, `${name}.png`)}, ${name}.svg`);
  }
  say(`${join(outdir, 'magnitudes.csv')}${updates.length > 0 ? ', updates.csv' : ''}: the data`);
}
