import { readFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseJsonLines } from '@edm2/app-kit/files/json-lines';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { SOURCE } from './emoji.js';
import type { DemoScore } from './score.js';

/** What {@link writeReport} tells of. */
export interface ReportOptions {
  readonly outdir: string;
  readonly command: string;
  readonly scores: readonly DemoScore[];
  /** Names of the classes that were drawn: the rows of the grids. */
  readonly shown: readonly string[];
  /** Images that were drawn of each. */
  readonly rows: number;
}

interface LogLine {
  readonly nimg: number;
  readonly imagesPerSecond: number;
  readonly loss: number;
}

const TRAININGS = [
  { folder: 'autoencoder', name: 'autoencoder' },
  { folder: 'latent', name: 'EDM2 of latents' },
  { folder: 'rgb', name: 'EDM2 of pixels' },
];

/** Writes `report.md`: how long each training was, how the autoencoder does, the scores, the command and the machine. */
export async function writeReport({ outdir, command, scores, shown, rows }: ReportOptions): Promise<void> {
  const linesOf = async <T>(...path: string[]): Promise<T[]> =>
    parseJsonLines<T>(await readFile(join(outdir, ...path), 'utf8').catch(() => ''));
  const trainings = await Promise.all(
    TRAININGS.map(async ({ folder, name }) => {
      const log = await linesOf<LogLine>(folder, 'log.jsonl');
      return `| ${name} | ${thousands(log.at(-1)?.nimg ?? 0)} | ${minutes(log)} | ${(log.at(-1)?.loss ?? Number.NaN).toFixed(4)} |`;
    }),
  );
  const quality = await linesOf<{ psnr: number; psnrSampled: number; images: number }>('autoencoder', 'quality.jsonl');
  const { psnr = Number.NaN, psnrSampled = Number.NaN, images = 0 } = quality.at(-1) ?? {};
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`;
  await writeWhole(
    join(outdir, 'report.md'),
    [
      `${SOURCE.name} ${SOURCE.version}: ${SOURCE.licence}.`,
      '',
      `\`${command}\` on ${machine}.`,
      '',
      '| training | images seen | minutes | last loss |',
      '| --- | --- | --- | --- |',
      ...trainings,
      '',
      `The autoencoder on ${images} held-out emoji: PSNR ${psnr.toFixed(1)} dB from means, ${psnrSampled.toFixed(1)} dB from draws.`,
      '',
      `Rows of the grids, from above: ${shown.join(', ')}.`,
      '',
      `| images, ${rows} of each kind | Fréchet distance (thumbnails) | precision | recall | n |`,
      '| --- | --- | --- | --- | --- |',
      ...scores.map(
        ({ name, frechet, precision, recall, images: n }) =>
          `| ${name} | ${frechet.toFixed(3)} | ${precision.toFixed(2)} | ${recall.toFixed(2)} | ${n} |`,
      ),
      '',
    ].join('\n'),
  );
}

const thousands = (count: number): string => count.toLocaleString('en');

/** Of training alone: each line's images at its speed. */
function minutes(log: readonly LogLine[]): string {
  const seconds = log.map(({ nimg, imagesPerSecond }, i) => (nimg - (log[i - 1]?.nimg ?? 0)) / imagesPerSecond);
  return (seconds.reduce((sum, value) => sum + value, 0) / 60).toFixed(1);
}
