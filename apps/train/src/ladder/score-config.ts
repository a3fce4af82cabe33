import { join } from 'node:path';
import { writeGrid } from '@edm2/app-kit/pictures/write-grid';
import { GRID_COLUMNS, generate } from '@edm2/app-kit/sample/generate';
import { gridClass } from '@edm2/app-kit/sample/images';
import { score } from '@edm2/app-kit/scores/score';
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

/** What {@link scoreConfig} needs. */
export interface ScoreConfigOptions {
  readonly folder: string;
  readonly config: RunConfig;
  readonly settings: LadderSettings;
  readonly judge: Judge;
  readonly engine: EngineReport;
  readonly signal: AbortSignal;
  /** Images sampled in this call. */
  readonly onImages: (done: number) => void;
}

/** Images that scoring one config takes. */
export function imagesToScore(
  { sigmaRels, sweepImages, finalImages, draws }: LadderSettings,
  config: RunConfig,
): number {
  const averages = config.emaHalfLife > 0 ? 2 : 1;
  return sigmaRels.length * sweepImages + averages * draws * finalImages;
}

/**
 * Tries each EMA length on the same seeds, then draws several sets of images from fresh seeds at the best of them; with a traditional
 * average, the same sets from that too. Work that is in the folder already is not repeated.
 *
 * @returns the best length, and every draw.
 */
export async function scoreConfig(
  options: ScoreConfigOptions,
): Promise<{ best: number; draws: readonly ScoredDraw[] }> {
  const { folder, config, settings } = options;
  const { sigmaRels, sweepImages, finalImages, draws } = settings;
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

  let before = 0;
  const draw = async (average: number | 'halflife', use: ScoredDraw['use'], seed: number, n: number) => {
    const known = scores.find({ average, use, seed });
    before += n;
    if (known) return known;
    const found = await sampleAndScore(options, paths.get(average) ?? '', seed, n, before - n);
    const line: ScoredDraw = { average, use, seed, ...found };
    await scores.add(line);
    return line;
  };
  const tried: ScoredDraw[] = [];
  for (const sigmaRel of sigmaRels) tried.push(await draw(sigmaRel, 'sweep', SWEEP_SEED, sweepImages));
  const lowest = tried.reduce((a, b) => (b.frechet < a.frechet ? b : a));
  const best = lowest.average as number;
  for (const average of config.emaHalfLife > 0 ? ([best, 'halflife'] as const) : [best])
    for (let i = 0; i < draws; i++) await draw(average, 'final', i * finalImages, finalImages);
  return { best, draws: scores.draws };
}

async function sampleAndScore(
  { folder, settings, judge, engine, signal, onImages }: ScoreConfigOptions,
  path: string,
  seed: number,
  n: number,
  before: number,
) {
  const seeds = Array.from({ length: n }, (_, i) => seed + i);
  const images = await generate({
    path,
    seeds,
    steps: settings.samplerSteps,
    batch: Math.min(BATCH, n),
    engine,
    onProgress: (done) => onImages(before + done),
    signal,
  });
  const grid = join(folder, 'grid.png');
  if (seed === 0 && !(await exists(grid)))
    await writeGrid(grid, { ...images, data: images.data }, { columns: GRID_COLUMNS });
  const digit = gridClass(10, GRID_COLUMNS);
  return score(judge.classifier, judge.reference, images, (i) => digit(seed + i));
}
