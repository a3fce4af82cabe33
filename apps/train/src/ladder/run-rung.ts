import { join } from 'node:path';
import { startProgress } from '@edm2/app-kit/command/progress';
import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { UsageError } from '@edm2/command/errors';
import type { Dataset } from '@edm2/dataset';
import type { ConfigName } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import type { RunConfig } from '../options/run-config.js';
import { readLog } from '../run/log.js';
import { readMagnitudes } from '../run/magnitudes.js';
import { exists, inRunFolder, listStates, prepareRunFolder } from '../run/run-folder.js';
import { storedPosition } from '../run/stored-run.js';
import { trainRun } from '../run/train-run.js';
import type { Judge } from '../scoring/judge.js';
import { bestOf, type FinishedTraining, meanCurve, type Rung, rungOf } from './result.js';
import { imagesToScore, openScoring, type Scoring } from './score-config.js';
import type { ScoredDraw } from './scores.js';
import { type LadderSettings, ladderRun } from './settings.js';
import type { TimeLeft, Work } from './time-left.js';

/** What a ladder is given. */
export interface LadderOptions {
  readonly settings: LadderSettings;
  readonly dataPath: string;
  readonly dataset: Dataset;
  readonly outdir: string;
  readonly engine: EngineReport;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Shell command that was given; it continues an interrupted ladder too. */
  readonly command: string;
}

/** Where one rung stands in its ladder. */
export interface RungPlace {
  readonly letter: ConfigName;
  readonly judge: Judge;
  /** For the progress line. */
  readonly title: string;
  readonly timeLeft: TimeLeft;
  /** Work of the configs that follow. */
  readonly after: Work;
}

/** One training of a config, and its folder: `A`, then `A-seed1` … */
interface Training {
  readonly config: RunConfig;
  readonly folder: string;
  readonly title: string;
}

/** All the work of one rung. */
export function rungWork(letter: ConfigName, settings: LadderSettings, dataset: Dataset): Work {
  const config = ladderRun(letter, settings, dataset);
  const { sweep, final } = imagesToScore(settings, config);
  return { train: settings.trainings * config.duration, sample: settings.trainings * (sweep + final) };
}

/**
 * Trains a config as often as the settings say, tries the EMA lengths on each training, scores all at the length that is best on average.
 * What the folders hold already is not done again.
 *
 * @returns the rung, and the magnitudes of its first training.
 */
export async function runRung(
  options: LadderOptions,
  { letter, judge, title, timeLeft, after }: RungPlace,
): Promise<{ readonly rung: Rung; readonly lines: readonly MagnitudeLine[] }> {
  const { settings, dataset, outdir, engine, signal, say } = options;
  const trainings = Array.from({ length: settings.trainings }, (_, i): Training => {
    const config = ladderRun(letter, settings, dataset, i);
    const seed = i === 0 ? '' : `, seed ${config.seed}`;
    return { config, folder: join(outdir, i === 0 ? letter : `${letter}-seed${config.seed}`), title: title + seed };
  });
  const own = rungWork(letter, settings, dataset);
  const left = { train: after.train + own.train, sample: after.sample + own.sample };

  for (const training of trainings) {
    const { duration } = training.config;
    left.train -= duration;
    await inRunFolder(training.folder, async () => {
      await prepare(training);
      const from = (await storedPosition(training.folder))?.nimg ?? 0;
      if (from >= duration) return;
      timeLeft.start('train');
      await train(options, training, training === trainings[0], (nimg) =>
        timeLeft.text(left, { done: nimg - from, of: duration - from }),
      );
      timeLeft.stop(duration - from);
    });
  }

  /** Runs one part of a scoring with a progress line. */
  const measure = async <T>(
    { title: of }: Training,
    images: number,
    work: (onImages: (done: number) => void) => Promise<T>,
  ): Promise<T> => {
    left.sample -= images;
    timeLeft.start('sample');
    const progress = startProgress(`scoring ${of}`, images, 'images');
    let first: number | undefined;
    const result = await work((done) => {
      first ??= done;
      progress.update(done, timeLeft.text(left, { done: done - first, of: images - first }));
    }).finally(() => progress.stop());
    timeLeft.stop(first === undefined ? 0 : images - first);
    return result;
  };
  const tried: { training: Training; scoring: Scoring; sweep: readonly ScoredDraw[] }[] = [];
  for (const training of trainings) {
    const scoring = await openScoring({ ...training, settings, judge, engine, signal, say });
    const images = imagesToScore(settings, training.config).sweep;
    const sweep = await measure(training, images, (onImages) => scoring.sweep(onImages));
    tried.push({ training, scoring, sweep });
  }
  const best = bestOf(meanCurve(tried.map(({ sweep }) => sweep)));
  const finished: FinishedTraining[] = [];
  for (const { training, scoring, sweep } of tried) {
    const images = imagesToScore(settings, training.config).final;
    const final = await measure(training, images, (onImages) => scoring.final(best, onImages));
    finished.push({ config: training.config, sweep, final, log: await readLog(training.folder) });
  }

  const lines = await readMagnitudes(join(outdir, letter));
  return { rung: rungOf(finished, lines), lines };
}

/** Makes the folder of a training, or sees that it is this very one's. */
async function prepare({ config, folder }: Training): Promise<void> {
  await prepareRunFolder(folder, config, await exists(join(folder, 'config.json'))).catch((error) => {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} Or delete ${folder}, to train it again.`, { cause: error });
  });
}

async function train(
  { dataset, engine, signal, say, command }: LadderOptions,
  { config, folder, title }: Training,
  magnitudes: boolean,
  remark: (nimg: number) => string,
): Promise<void> {
  await trainRun({
    config: magnitudes ? { ...config, magnitudes: true, updates: true } : config,
    dataset,
    outdir: folder,
    engine,
    resume: (await listStates(folder)).length > 0,
    signal,
    say,
    resumeCommand: command,
    title,
    remark,
  });
}
