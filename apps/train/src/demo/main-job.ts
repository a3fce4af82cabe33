import { join, relative } from 'node:path';
import type { Dataset } from '@edm2/dataset';
import { writeReport } from '../report/write-report.js';
import { imagesOf, trainRun } from '../run/train-run.js';
import type { RunContext } from '../run/with-run.js';
import { evaluate } from './evaluate.js';
import { reportOf } from './report-of.js';
import { SIZES } from './size.js';
import { summary } from './summary.js';

/** What {@link mainJob} needs beside the run itself. */
export interface MainJobOptions extends RunContext {
  /** The images that are trained on. */
  readonly train: Dataset;
  readonly smoke: boolean;
}

/** Trains, reconstructs, samples, scores and reports. */
export async function mainJob(options: MainJobOptions): Promise<void> {
  const { config, outdir, engine, signal, say, train } = options;
  const trained = await trainRun({ ...options, dataset: train });
  const evaluation = await evaluate({
    outdir,
    train,
    dataPath: train.path,
    tracked: config.emaSigmaRels,
    images: imagesOf(config),
    seed: config.seed,
    engine,
    size: SIZES[options.smoke ? 'smoke' : 'full'],
    signal,
    say,
  });
  const path = join(outdir, 'report.html');
  await writeReport(path, await reportOf(options, evaluation, trained));
  for (const line of summary(evaluation)) say(line);
  say(`\nopen ${relative('.', path)}: everything on one page`);
  say(`grid ${relative('.', evaluation.grid)} · previews, snapshots and EMA lengths in ${relative('.', outdir)}/`);
}
