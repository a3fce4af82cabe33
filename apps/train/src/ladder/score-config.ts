import { join } from 'node:path';
import { openAverages } from '@edm2/app-scoring/sweep/averages';
import type { PreparedAverages } from '@edm2/app-scoring/sweep/networks';
import { sweepLengths } from '@edm2/app-scoring/sweep/sweep-lengths';
import type { EngineReport } from '@edm2/engine';
import { gridClass, writeGrid } from 'edm2/parts';
import type { RunConfig } from '../options/run-config.js';
import { type AverageKey, traditionalAverages } from '../run/run-averages.js';
import { averagePath } from '../run/run-folder.js';
import type { Judge } from '../scoring/judge.js';
import { GRID_COLUMNS } from '../scoring/sample-snapshot.js';
import { BATCH, scoreAverage } from '../scoring/score-average.js';
import { type DrawKey, openScores, type ScoredDraw, sweepScores } from './scores.js';
import type { LadderSettings } from './settings.js';

/** Seeds of the search begin here: final images are drawn from other seeds than those that chose the length. */
const SWEEP_SEED = 1_000_000;

/** What {@link openScoring} needs. */
export interface ScoringOptions {
  readonly folder: string;
  readonly config: RunConfig;
  readonly settings: LadderSettings;
  readonly judge: Judge;
  readonly engine: EngineReport;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** How far the work is, in images; called while images are sampled only. */
type OnImages = (done: number) => void;

/** Scoring of one training. Work that is in the folder already is not repeated. */
export interface Scoring {
  /** Tries each EMA length on the same seeds. */
  sweep(onImages: OnImages): Promise<readonly ScoredDraw[]>;
  /** Draws sets of images from fresh seeds at a length; with a traditional average, the same sets from that too. */
  final(sigmaRel: number, onImages: OnImages): Promise<readonly ScoredDraw[]>;
}

/** Images that scoring one training takes, by its two parts. */
export function imagesToScore(
  { sigmaRels, sweepImages, finalImages, draws }: LadderSettings,
  config: RunConfig,
): { readonly sweep: number; readonly final: number } {
  const averages = 1 + traditionalAverages(config).length;
  return { sweep: sigmaRels.length * sweepImages, final: averages * draws * finalImages };
}

/** Opens the scores of a finished training. Averages are reconstructed when the first is needed. */
export async function openScoring(options: ScoringOptions): Promise<Scoring> {
  const { folder, config, settings, judge, engine, signal } = options;
  const { sigmaRels, sweepImages, finalImages, samplerSteps } = settings;
  const { classifier, reference } = judge;
  const scores = await openScores(folder);
  const traditional = traditionalAverages(config);
  const averages = averagesOf(options);
  const judged = { steps: samplerSteps, classifier: judge.id };

  /** @param before - images of this piece of work that come before. */
  const drawFinal = async (set: Pick<DrawKey, 'average' | 'seed'>, before: number, onImages: OnImages) => {
    const key = { ...set, ...judged, use: 'final', n: finalImages } as const;
    const known = scores.find(key);
    if (known) return known;
    const { path, profileError } = await averages.find(set.average);
    const { images, score: found } = await scoreAverage({
      judge,
      path,
      seed: set.seed,
      count: finalImages,
      steps: samplerSteps,
      engine,
      signal,
      onProgress: (done) => onImages(before + done),
    });
    // A picture of what is reported.
    const reported = traditional[0]?.key ?? set.average;
    if (set.seed === 0 && set.average === reported)
      await writeGrid(join(folder, 'grid.png'), images, { columns: GRID_COLUMNS });
    const line = { ...key, ...found, ...(profileError === undefined ? {} : { profileError }) };
    await scores.add(line);
    return line;
  };
  return {
    async sweep(onImages) {
      const key = { ...judged, use: 'sweep', seed: SWEEP_SEED, n: sweepImages } as const;
      const all = sigmaRels.length * sweepImages;
      await sweepLengths({
        lengths: sigmaRels,
        averages: averages.all,
        engine,
        network: classifier,
        reference,
        settings: { steps: samplerSteps },
        classOf: (labelDim) => gridClass(labelDim, GRID_COLUMNS),
        batch: BATCH,
        seed: SWEEP_SEED,
        num: sweepImages,
        store: sweepScores(scores, key, averages.profileErrorOf),
        // Those that were scored before come first.
        onProgress: (done, missing) => onImages(all - missing + done),
        signal,
      });
      return sigmaRels.flatMap((average) => scores.find({ ...key, average }) ?? []);
    },
    async final(sigmaRel, onImages) {
      const drawn: ScoredDraw[] = [];
      const sets = [sigmaRel, ...traditional.map(({ key }) => key)].flatMap((average) =>
        Array.from({ length: settings.draws }, (_, i) => ({ average, seed: i * finalImages })),
      );
      for (const [i, set] of sets.entries()) drawn.push(await drawFinal(set, i * finalImages, onImages));
      return drawn;
    },
  };
}

/** The averages of a training: reconstructed from its snapshots when the first is needed, the traditional one as it was stored. */
function averagesOf({ folder, config, settings, signal, say }: ScoringOptions) {
  let opened: ReturnType<typeof open> | undefined;
  const open = async () => {
    // This folder is the ladder's own; what is wrong with a length is said, and stands beside its scores.
    const averages = await openAverages(folder, folder, { folder: join(folder, 'ema'), force: true });
    const paths = await averages.prepare(settings.sigmaRels, signal);
    for (const length of settings.sigmaRels)
      for (const warning of averages.warningsOf(length)) say(`config ${config.config}: ${warning}`);
    return { paths, profileErrorOf: averages.profileErrorOf };
  };
  const whole = () => {
    opened ??= open();
    return opened;
  };
  const all: PreparedAverages = { prepare: async () => (await whole()).paths };
  // Training ends with the batch that reaches its duration.
  const last = Math.ceil(config.duration / config.batch) * config.batch;
  return {
    all,
    profileErrorOf: async (sigmaRel: number) => (await whole()).profileErrorOf(sigmaRel),
    async find(average: AverageKey): Promise<{ path: string; profileError?: number | undefined }> {
      if (typeof average !== 'number') return { path: await averagePath(folder, last, average) };
      const { paths, profileErrorOf } = await whole();
      const path = paths.get(average);
      if (path === undefined) throw new Error(`ladder: expected an average ${average} in ${folder}, got none.`);
      return { path, profileError: profileErrorOf(average) };
    },
  };
}
