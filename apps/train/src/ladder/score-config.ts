import { join } from 'node:path';
import { writeGrid } from '@edm2/app-kit/pictures/write-grid';
import { GRID_COLUMNS, generate } from '@edm2/app-kit/sample/generate';
import { gridClass } from '@edm2/app-kit/sample/images';
import { type Score, score } from '@edm2/app-kit/scores/score';
import type { EngineReport } from '@edm2/engine';
import { reconstructFiles } from '@edm2/phema/node';
import { makeFolder } from '@edm2/tensor-files';
import type { RunConfig } from '../options/run-config.js';
import { exists, halfLifeName } from '../run/run-folder.js';
import type { Judge } from './judge.js';
import { openScores, type ScoredDraw } from './scores.js';
import type { LadderSettings } from './settings.js';

/** Seeds of the search begin here: final images are drawn from other seeds than those that chose the length. */
const SWEEP_SEED = 1_000_000;
const BATCH = 100;

/** What {@link openScoring} needs. */
export interface ScoringOptions {
  readonly folder: string;
  readonly config: RunConfig;
  readonly settings: LadderSettings;
  readonly judge: Judge;
  readonly engine: EngineReport;
  readonly signal: AbortSignal;
}

/** How far the work is, in images; called while images are sampled only. */
type OnImages = (done: number) => void;

/** Scoring of one training. Work that is in the folder already is not repeated. */
export interface Scoring {
  /** Every score that the folder holds. */
  readonly draws: readonly ScoredDraw[];
  /** Tries each EMA length on the same seeds. */
  sweep(onImages: OnImages): Promise<readonly ScoredDraw[]>;
  /** Draws sets of images from fresh seeds at a length; with a traditional average, the same sets from that too. */
  final(sigmaRel: number, onImages: OnImages): Promise<void>;
}

/** Images that scoring one training takes, by its two parts. */
export function imagesToScore(
  { sigmaRels, sweepImages, finalImages, draws }: LadderSettings,
  config: RunConfig,
): { readonly sweep: number; readonly final: number } {
  const averages = config.emaHalfLife > 0 ? 2 : 1;
  return { sweep: sigmaRels.length * sweepImages, final: averages * draws * finalImages };
}

/** Reconstructs the averages of a finished training, and opens its scores. */
export async function openScoring(options: ScoringOptions): Promise<Scoring> {
  const { folder, config, settings } = options;
  const { sigmaRels, sweepImages, finalImages } = settings;
  const scores = await openScores(folder);
  const output = join(folder, 'ema');
  await makeFolder(output);
  const { outputs } = await reconstructFiles({
    input: folder,
    output,
    sigmaRels: [...sigmaRels],
    skipExisting: true,
    signal: options.signal,
  });
  const paths = new Map<number | 'halflife', string>(outputs.map(({ sigmaRel, path }) => [sigmaRel, path]));
  if (config.emaHalfLife > 0) paths.set('halflife', join(folder, halfLifeName(config.duration)));

  /** @param before - images of this piece of work that come before. */
  const draw = async (set: Omit<ScoredDraw, keyof Score>, n: number, before: number, onImages: OnImages) => {
    const known = scores.find(set);
    if (known) return known;
    const path = paths.get(set.average) ?? '';
    const line = { ...set, ...(await sampleAndScore(options, path, set.seed, n, (done) => onImages(before + done))) };
    await scores.add(line);
    return line;
  };
  return {
    draws: scores.draws,
    async sweep(onImages) {
      const tried: ScoredDraw[] = [];
      for (const [i, average] of sigmaRels.entries())
        tried.push(await draw({ average, use: 'sweep', seed: SWEEP_SEED }, sweepImages, i * sweepImages, onImages));
      return tried;
    },
    async final(sigmaRel, onImages) {
      const sets = (config.emaHalfLife > 0 ? ([sigmaRel, 'halflife'] as const) : [sigmaRel]).flatMap((average) =>
        Array.from({ length: settings.draws }, (_, i) => ({ average, seed: i * finalImages })),
      );
      for (const [i, set] of sets.entries())
        await draw({ ...set, use: 'final' }, finalImages, i * finalImages, onImages);
    },
  };
}

async function sampleAndScore(
  { folder, settings, judge, engine, signal }: ScoringOptions,
  path: string,
  seed: number,
  n: number,
  onProgress: OnImages,
): Promise<Score> {
  const seeds = Array.from({ length: n }, (_, i) => seed + i);
  const images = await generate({
    path,
    seeds,
    steps: settings.samplerSteps,
    batch: Math.min(BATCH, n),
    engine,
    onProgress,
    signal,
  });
  const grid = join(folder, 'grid.png');
  if (seed === 0 && !(await exists(grid)))
    await writeGrid(grid, { ...images, data: images.data }, { columns: GRID_COLUMNS });
  const digit = gridClass(10, GRID_COLUMNS);
  return score(judge.classifier, judge.reference, images, (i) => digit(seed + i));
}
