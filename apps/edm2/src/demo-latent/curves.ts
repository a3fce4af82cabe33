import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import type { TopLevelSpec } from 'vega-lite';

/** Width of the picture in pixels. */
const WIDTH = 1000;

const linesOf = async <T>(path: string): Promise<T[]> =>
  parseJsonLines<T>(await readFile(path, 'utf8').catch(() => ''));

/** Draws how the three trainings went, as `curves.png`: PSNR of held-out images, and the loss of both EDM2s. */
export async function drawCurves(outdir: string): Promise<void> {
  const quality = await linesOf<{ nimg: number; psnr: number }>(join(outdir, 'autoencoder', 'quality.jsonl'));
  const losses = await Promise.all(
    [
      { folder: 'latent', name: 'of latents' },
      { folder: 'rgb', name: 'of pixels' },
    ].map(async ({ folder, name }) =>
      (await linesOf<{ nimg: number; loss: number }>(join(outdir, folder, 'log.jsonl'))).map(({ nimg, loss }) => ({
        ...{ nimg, loss, name },
      })),
    ),
  );
  const x = {
    field: 'nimg',
    type: 'quantitative',
    title: 'images seen',
    axis: { format: '~s', tickCount: 5 },
  } as const;
  const size = { width: 380, height: 200 };
  const spec: TopLevelSpec = {
    hconcat: [
      {
        ...size,
        title: { text: 'Autoencoder', subtitle: 'PSNR of held-out images in dB' },
        data: { values: quality },
        mark: { type: 'line', point: true },
        encoding: { x, y: { field: 'psnr', type: 'quantitative', title: null, scale: { zero: false } } },
      },
      {
        ...size,
        title: { text: 'EDM2', subtitle: 'training loss' },
        data: { values: losses.flat() },
        mark: 'line',
        encoding: {
          x: { ...x, scale: { type: 'log', nice: false } },
          y: { field: 'loss', type: 'quantitative', title: null, scale: { zero: false } },
          color: { field: 'name', type: 'nominal', title: null },
        },
      },
    ],
  };
  const chart = await renderChart('latent', spec);
  await writeWhole(join(outdir, 'curves.png'), await chart.png(WIDTH));
}
