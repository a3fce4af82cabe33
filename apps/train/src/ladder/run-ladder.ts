import { cpus } from 'node:os';
import { join } from 'node:path';
import { isInterruption } from '@edm2/app-kit/command/interrupt';
import { prose } from '@edm2/app-kit/files/prose';
import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { formatSpread } from '@edm2/app-scoring/scores/spread';
import { InterruptedError, UsageError } from '@edm2/command/errors';
import { CONFIG_NAMES, type ConfigName } from '@edm2/edm2-unet';
import { writeFileAtomic } from '@edm2/tensor-files';
import { DivergedError } from '../run/diverged.js';
import { readMagnitudes } from '../run/magnitudes.js';
import { inRunFolder } from '../run/run-folder.js';
import { type Judge, openJudge } from '../scoring/judge.js';
import { claimFolder, storedRungs } from './ladder-folder.js';
import { ladderPicture } from './picture.js';
import type { Rung } from './result.js';
import { type LadderOptions, type RungPlace, rungWork, runRung } from './run-rung.js';
import { rateFactorOf } from './settings.js';
import { type LadderAbout, ladderTable } from './table.js';
import { createTimeLeft, sumOfWork } from './time-left.js';

const PNG_WIDTH = 1300;

/**
 * Trains and scores every config, then writes `ladder.md`, `ladder.json`, `ladder.svg` and `ladder.png`. What the folder holds already is
 * not done again, so that the same command goes on after an interruption, inside a config too. A config whose training diverges does not keep
 * the others from going on.
 *
 * @returns the rungs of this command's configs.
 * @throws {UsageError} when the folder holds something else; after all others are done, when a config diverged.
 */
export const runLadder = (options: LadderOptions): Promise<readonly Rung[]> =>
  inRunFolder(options.outdir, () => climb(options));

async function climb(options: LadderOptions): Promise<readonly Rung[]> {
  const { settings, dataset, outdir, engine, signal, say } = options;
  await claimFolder(outdir, settings);
  const { dataPath } = options;
  const { classifierSteps: steps, seed, finalImages: count } = settings;
  const judge = await openJudge({ outdir, train: dataset, dataPath, steps, seed, count, engine, signal });
  say(
    `the classifier reads ${(100 * judge.testAgreement).toFixed(1)} % of the test set right; ${judge.real.n} real images held out score ${judge.real.frechet.toFixed(2)}`,
  );
  const timeLeft = createTimeLeft();
  // A ladder that is gone over again does not lose what it has shown before.
  const known = new Map<ConfigName, Known>();
  for (const rung of await storedRungs(outdir))
    known.set(rung.config, { rung, lines: await readMagnitudes(join(outdir, rung.config)) });
  const rungs: Rung[] = [];
  const diverged: ConfigName[] = [];
  for (const [i, letter] of settings.configs.entries()) {
    const later = settings.configs.slice(i + 1).map((config) => rungWork(config, settings, dataset));
    const place: RungPlace = {
      letter,
      judge,
      timeLeft,
      title: `config ${letter} (${i + 1} of ${settings.configs.length})`,
      after: sumOfWork(later),
    };
    const done = await runRung(options, place).catch((error: unknown) => {
      if (!(error instanceof DivergedError)) throw error;
      say(`config ${letter}: ${error.message}`);
      diverged.push(letter);
    });
    if (!done) continue;
    known.set(letter, done);
    const { rung } = done;
    rungs.push(rung);
    say(
      `config ${letter}: ${formatSpread(rung.frechet)} (${rung.trainings.length} trainings, n = ${rung.n}), best EMA length ${rung.bestSigmaRel}`,
    );
    // After each config: what is known so far is worth seeing.
    await writeResults(options, known, judge);
  }
  judge.classifier.dispose();
  if (diverged.length > 0) {
    const folders = diverged.map((letter) => join(outdir, letter)).join(', ');
    const factors = diverged.map((letter) => `${letter}=${rateFactorOf(letter, settings.rateFactors)}`).join(',');
    throw new UsageError(prose`
      ladder: expected finite losses, got others in ${diverged.join(', ')}. Delete ${folders} and take a lower factor in
      --lr-factors ${factors}; all else is kept.`);
  }
  return rungs;
}

/** A rung, and the magnitudes of its first training. */
interface Known {
  readonly rung: Rung;
  readonly lines: readonly MagnitudeLine[];
}

async function writeResults(
  { outdir, settings, dataset, command, engine }: LadderOptions,
  known: ReadonlyMap<ConfigName, Known>,
  { real }: Judge,
): Promise<void> {
  const inOrder = CONFIG_NAMES.flatMap((letter) => known.get(letter) ?? []);
  const rungs = inOrder.map(({ rung }) => rung);
  const magnitudes = new Map(inOrder.map(({ rung, lines }) => [rung.config, lines]));
  const about: LadderAbout = {
    ...settings,
    resolution: dataset.resolution,
    real,
    command,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, Node ${process.versions.node}`,
    engine: engine.why,
    finished: new Date().toISOString().slice(0, 10),
  };
  await writeFileAtomic(join(outdir, 'ladder.json'), `${JSON.stringify({ about, rungs }, null, 2)}\n`);
  await writeFileAtomic(join(outdir, 'ladder.md'), ladderTable(rungs, about));
  const chart = await renderChart('ladder', ladderPicture(rungs, magnitudes));
  await writeWhole(join(outdir, 'ladder.svg'), chart.svg);
  await writeWhole(join(outdir, 'ladder.png'), await chart.png(PNG_WIDTH));
}

/** Tells an interruption from a failure, such as a full disk while the training state is written. */
export function asInterruption(error: unknown, signal: AbortSignal, command: string): unknown {
  if (!isInterruption(error, signal)) return error;
  return new InterruptedError(`interrupted; what was done so far is kept. Continue with: ${command}`, { cause: error });
}
