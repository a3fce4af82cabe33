import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { InterruptedError, UsageError } from '@edm2/app-kit/command/errors';
import type { MagnitudeLine } from '@edm2/app-kit/magnitudes/magnitude-line';
import { renderChart } from '@edm2/app-kit/pictures/render-chart';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { formatSpread } from '@edm2/app-kit/scores/spread';
import { writeFileAtomic } from '@edm2/tensor-files';
import { type Judge, openJudge } from './judge.js';
import { ladderPicture } from './picture.js';
import type { Rung } from './result.js';
import { type LadderOptions, rungWork, runRung } from './run-rung.js';
import type { LadderSettings } from './settings.js';
import { type LadderAbout, ladderTable } from './table.js';
import { createTimeLeft, sumOfWork } from './time-left.js';

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
  const timeLeft = createTimeLeft();
  const rungs: Rung[] = [];
  const magnitudes = new Map<string, readonly MagnitudeLine[]>();
  for (const [i, letter] of settings.configs.entries()) {
    const later = settings.configs.slice(i + 1).map((config) => rungWork(config, settings, dataset));
    const { rung, lines } = await runRung(options, {
      letter,
      judge,
      timeLeft,
      title: `config ${letter} (${i + 1} of ${settings.configs.length})`,
      after: sumOfWork(later),
    });
    magnitudes.set(letter, lines);
    rungs.push(rung);
    say(
      `config ${letter}: ${formatSpread(rung.frechet)} (${rung.trainings.length} trainings, n = ${rung.n}), best EMA length ${rung.bestSigmaRel}`,
    );
    // After each config: what is known so far is worth seeing.
    await writeResults(options, rungs, magnitudes, judge);
  }
  judge.classifier.dispose();
  return rungs;
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
