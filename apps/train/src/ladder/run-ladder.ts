import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, UsageError } from '@edm2/app-kit/command/errors';
import { startProgress } from '@edm2/app-kit/command/progress';
import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { formatSpread } from '@edm2/app-kit/scores/spread';
import type { Dataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import { writeFileAtomic } from '@edm2/tensor-files';
import type { RunConfig } from '../options/run-config.js';
import { readLog } from '../run/log.js';
import { readMagnitudes } from '../run/magnitudes.js';
import { exists, listStates, prepareRunFolder } from '../run/run-folder.js';
import { trainRun } from '../run/train-run.js';
import { type Judge, openJudge } from './judge.js';
import { ladderPicture } from './picture.js';
import { type Rung, rungOf } from './result.js';
import { imagesToScore, scoreConfig } from './score-config.js';
import { type LadderSettings, ladderRun } from './settings.js';
import { type LadderAbout, ladderTable } from './table.js';
import { createTimeLeft, type Work } from './time-left.js';

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

const PNG_WIDTH = 1300;

/**
 * Trains and scores every config, then writes `ladder.md`, `ladder.json`, `ladder.svg` and `ladder.png`. What the folder holds already is
 * not done again, so that the same command goes on after an interruption, inside a config too.
 *
 * @throws {UsageError} when the folder holds a ladder with other settings.
 */
export async function runLadder(options: LadderOptions): Promise<readonly Rung[]> {
  const { settings, dataset, outdir, engine, signal, say } = options;
  await claimFolder(outdir, settings);
  const judge = await openJudge(outdir, { train: dataset, dataPath: options.dataPath }, settings, engine, signal);
  say(
    `the classifier reads ${(100 * judge.testAgreement).toFixed(1)} % of the test set right; ${judge.real.n} real images held out score ${judge.real.frechet.toFixed(2)}`,
  );
  const runs = settings.configs.map((letter) => ladderRun(letter, settings, dataset));
  const timeLeft = createTimeLeft();
  const rungs: Rung[] = [];
  const magnitudes = new Map<string, readonly MagnitudeLine[]>();
  for (const [i, config] of runs.entries()) {
    const folder = join(outdir, config.config);
    const later = runs.slice(i + 1);
    const after: Work = {
      train: later.reduce((sum, { duration }) => sum + duration, 0),
      sample: later.reduce((sum, run) => sum + imagesToScore(settings, run), 0),
    };
    const title = `config ${config.config} (${i + 1} of ${runs.length})`;
    const toScore = imagesToScore(settings, config);
    const from = await trainedImages(folder);
    if (from < config.duration) {
      timeLeft.start('train');
      await train(options, config, folder, title, (nimg) =>
        timeLeft.text({ ...after, sample: after.sample + toScore }, { done: nimg - from, of: config.duration - from }),
      );
      timeLeft.stop(config.duration - from);
    }
    timeLeft.start('sample');
    const progress = startProgress(`scoring ${title}`, toScore, 'images');
    let first: number | undefined;
    const scored = await scoreConfig({
      folder,
      config,
      settings,
      judge,
      engine,
      signal,
      onImages(done) {
        first ??= done;
        progress.update(done, timeLeft.text(after, { done: done - first, of: toScore - first }));
      },
    }).finally(() => progress.stop());
    timeLeft.stop(first === undefined ? 0 : toScore - first);
    const lines = await readMagnitudes(folder);
    magnitudes.set(config.config, lines);
    const log = await readLog(folder);
    const seconds = log.reduce(
      (sum, { imagesPerSecond }, at) => sum + ((log[at]?.nimg ?? 0) - (log[at - 1]?.nimg ?? 0)) / imagesPerSecond,
      0,
    );
    const rung = rungOf({
      config,
      ...scored,
      magnitudes: lines,
      finalLoss: log.at(-1)?.loss,
      trainingSeconds: log.length > 0 ? seconds : undefined,
    });
    rungs.push(rung);
    say(
      `config ${rung.config}: ${formatSpread(rung.frechet)} (n = ${rung.n}, ${rung.frechet.draws} draws), best EMA length ${rung.bestSigmaRel}`,
    );
    // After each config: what is known so far is worth seeing.
    await writeResults(options, rungs, magnitudes, judge);
  }
  judge.classifier.dispose();
  return rungs;
}

async function train(
  { dataset, engine, signal, say, command }: LadderOptions,
  config: RunConfig,
  folder: string,
  title: string,
  remark: (nimg: number) => string,
): Promise<void> {
  const resume = await exists(join(folder, 'config.json'));
  await prepareRunFolder(folder, config, resume);
  await trainRun({
    config,
    dataset,
    outdir: folder,
    engine,
    resume,
    signal,
    say,
    resumeCommand: command,
    magnitudes: { updates: true },
    title,
    remark,
  });
}

/** Images that the newest training state of a folder has seen, to the thousand. */
async function trainedImages(folder: string): Promise<number> {
  const [newest] = await listStates(folder);
  const log = await readLog(folder);
  const kimg = Number(/(\d+)\.safetensors$/.exec(newest ?? '')?.[1] ?? 0);
  // A finished run has logged its last image; names of states are rounded down.
  const last = log.at(-1)?.nimg ?? 0;
  return Math.floor(last / 1000) === kimg ? last : 1000 * kimg;
}

/** @throws {UsageError} when another ladder is there. */
async function claimFolder(outdir: string, settings: LadderSettings): Promise<void> {
  const path = join(outdir, 'settings.json');
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there !== undefined && there !== text)
    throw new UsageError(
      `--outdir: expected a new folder or this very ladder's, got ${outdir} of one with other settings (see its settings.json). Choose another --outdir.`,
    );
  if (there === undefined) await writeWhole(path, text);
}

async function writeResults(
  { outdir, settings, dataset, command, engine }: LadderOptions,
  rungs: readonly Rung[],
  magnitudes: ReadonlyMap<string, readonly MagnitudeLine[]>,
  { real }: Judge,
): Promise<void> {
  const about: LadderAbout = {
    ...settings,
    resolution: dataset.resolution,
    real,
    command,
    machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} threads, Node ${process.versions.node}`,
    engine: engine.why,
    finished: new Date().toISOString().slice(0, 10),
  };
  await writeFileAtomic(join(outdir, 'ladder.json'), `${JSON.stringify({ about, settings, rungs }, null, 2)}\n`);
  await writeFileAtomic(join(outdir, 'ladder.md'), ladderTable(rungs, about));
  const chart = await renderChart('ladder', ladderPicture(rungs, magnitudes));
  await writeWhole(join(outdir, 'ladder.svg'), chart.svg);
  await writeWhole(join(outdir, 'ladder.png'), await chart.png(PNG_WIDTH));
}

/** Tells an interruption from a failure. */
export function asInterruption(error: unknown, signal: AbortSignal, command: string): unknown {
  if (!signal.aborted || error instanceof InterruptedError) return error;
  return new InterruptedError(`interrupted; what was done so far is kept. Continue with: ${command}`, { cause: error });
}
