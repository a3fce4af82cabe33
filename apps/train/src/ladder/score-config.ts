import { join } from 'node:path';
import { score } from '@edm2/app-kit/scores/score';
import type { EngineReport } from '@edm2/engine';
import { reconstructFiles } from '@edm2/phema/node';
import { makeFolder } from '@edm2/tensor-files';
import { gridClass, writeGrid } from 'edm2/parts';
import type { RunConfig } from '../options/run-config.js';
import { type AverageKey, traditionalAverages } from '../run/run-averages.js';
import { averagePath } from '../run/run-folder.js';
import { GRID_COLUMNS, generate } from '../run/sample-snapshot.js';
import type { Judge } from './judge.js';
import { type DrawKey, openScores, type ScoredDraw } from './scores.js';
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
  const { folder, config, settings, judge, say } = options;
  const { sigmaRels, sweepImages, finalImages, samplerSteps } = settings;
  const scores = await openScores(folder);
  const traditional = traditionalAverages(config);
  let averages: ReturnType<typeof reconstruct> | undefined;

  /** @param before - images of this piece of work that come before. */
  const draw = async (set: Pick<DrawKey, 'average' | 'use' | 'seed' | 'n'>, before: number, onImages: OnImages) => {
    const key = { ...set, steps: samplerSteps, classifier: judge.id };
    const known = scores.find(key);
    if (known) return known;
    averages ??= reconstruct(options, say);
    const average = (await averages).get(set.average);
    if (!average) throw new Error(`ladder: expected an average ${set.average} in ${folder}, got none.`);
    const images = await sample(options, average.path, set, (done) => onImages(before + done));
    const digit = gridClass(10, GRID_COLUMNS);
    const found = await score(judge.classifier, judge.reference, images, (i) => digit(set.seed + i));
    // A picture of what is reported.
    const reported = traditional[0]?.key ?? set.average;
    if (set.use === 'final' && set.seed === 0 && set.average === reported)
      await writeGrid(join(folder, 'grid.png'), images, { columns: GRID_COLUMNS });
    const { profileError } = average;
    const line = { ...key, ...found, ...(profileError === undefined ? {} : { profileError }) };
    await scores.add(line);
    return line;
  };
  return {
    async sweep(onImages) {
      const tried: ScoredDraw[] = [];
      for (const [i, average] of sigmaRels.entries()) {
        const set = { average, use: 'sweep', seed: SWEEP_SEED, n: sweepImages } as const;
        tried.push(await draw(set, i * sweepImages, onImages));
      }
      return tried;
    },
    async final(sigmaRel, onImages) {
      const drawn: ScoredDraw[] = [];
      const sets = [sigmaRel, ...traditional.map(({ key }) => key)].flatMap((average) =>
        Array.from({ length: settings.draws }, (_, i) => ({ average, seed: i * finalImages })),
      );
      for (const [i, set] of sets.entries())
        drawn.push(await draw({ ...set, use: 'final', n: finalImages }, i * finalImages, onImages));
      return drawn;
    },
  };
}

/** The averages of a training, reconstructed from its snapshots unless they are there; the traditional one as it was stored. */
async function reconstruct({ folder, config, settings, signal }: ScoringOptions, say: ScoringOptions['say']) {
  const output = join(folder, 'ema');
  await makeFolder(output);
  const { outputs } = await reconstructFiles({
    input: folder,
    output,
    sigmaRels: [...settings.sigmaRels],
    skipExisting: true,
    // This folder is the ladder's own; what is wrong with a length is said, and stands beside its scores.
    overwrite: true,
    force: true,
    signal,
  });
  for (const { warnings } of outputs) for (const warning of warnings) say(`config ${config.config}: ${warning}`);
  const averages = new Map<AverageKey, { path: string; profileError?: number }>(
    outputs.map(({ sigmaRel, path, profileError }) => [sigmaRel, { path, profileError }]),
  );
  // Training ends with the batch that reaches its duration.
  const last = Math.ceil(config.duration / config.batch) * config.batch;
  for (const { key } of traditionalAverages(config)) averages.set(key, { path: await averagePath(folder, last, key) });
  return averages;
}

const sample = (
  { settings, engine, signal }: ScoringOptions,
  path: string,
  { seed, n }: Pick<DrawKey, 'seed' | 'n'>,
  onProgress: OnImages,
) =>
  generate({
    path,
    seeds: Array.from({ length: n }, (_, i) => seed + i),
    steps: settings.samplerSteps,
    batch: Math.min(BATCH, n),
    engine,
    onProgress,
    signal,
  });
