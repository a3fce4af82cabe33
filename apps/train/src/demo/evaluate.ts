import { join } from 'node:path';
import { withProgress } from '@edm2/app-kit/command/progress';
import type { LabelledImages } from '@edm2/app-scoring/scores/arrays';
import type { Score } from '@edm2/app-scoring/scores/score';
import { type Averages, openAverages } from '@edm2/app-scoring/sweep/averages';
import { scoreOf } from '@edm2/app-scoring/sweep/result';
import { sweepLengths } from '@edm2/app-scoring/sweep/sweep-lengths';
import type { Dataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { writeFileAtomic } from '@edm2/tensor-files';
import { gridClass, type PixelBatch, sliceBatch, writeGrid, writeReference } from 'edm2/parts';
import { type Judge, openJudge } from '../scoring/judge.js';
import { type GenerateOptions, GRID_COLUMNS } from '../scoring/sample-snapshot.js';
import { BATCH, digitOf, scoreAverage } from '../scoring/score-average.js';
import { GUIDANCE, guideTime } from './guidance.js';
import type { EvaluationSize } from './size.js';

/** Seeds of the sweep begin here: the final images are drawn from other seeds than those that chose the EMA length. */
const SWEEP_SEED = 100_000;

/** One length of the sweep. */
export interface SweepPoint extends Score {
  readonly sigmaRel: number;
  readonly tracked: boolean;
}

/** What the evaluation found; also `scores.json`. */
export interface Evaluation {
  readonly sweep: readonly SweepPoint[];
  readonly best: number;
  /** Of the images in the grid: guided. */
  readonly generated: Score;
  /** The same network and seeds without guidance. */
  readonly unguided: Score;
  /** What guided: an average of the same run at an earlier time. */
  readonly guidance: { readonly weight: number; readonly sigmaRel: number; readonly nimg: number };
  readonly heldOut: Score;
  readonly testAgreement: number;
  readonly grid: string;
  readonly realGrid: string;
  readonly seconds: { classifier: number; reconstruct: number; sweep: number; final: number };
}

/** What {@link evaluate} needs. */
export interface EvaluateOptions {
  readonly outdir: string;
  readonly train: Dataset;
  readonly dataPath: string;
  readonly tracked: readonly number[];
  /** Images that the run was trained on. */
  readonly images: number;
  readonly seed: number;
  readonly engine: EngineReport;
  readonly size: EvaluationSize;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Trains the judge, reconstructs the EMA lengths, scores each, and scores the best on fresh seeds. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { outdir, train, dataPath, engine, size, seed, signal } = options;
  const clock = stopwatch();
  const { classifierSteps: steps, finalImages: count } = size;
  const judge = await openJudge({ outdir, train, dataPath, steps, seed, count, engine, signal });
  // edm2-evaluate scores this run by them on another day: scores compare only on the same features.
  await writeReference(join(outdir, 'reference.safetensors'), judge.reference, judge.classifier);
  const classifier = clock();

  const { averages, paths } = await reconstruct(options);
  const reconstructed = clock();

  const { sweep, best } = await sweepRun(options, averages, judge);
  const swept = clock();

  const draw = (title: string, guidance?: GenerateOptions['guidance']) =>
    withProgress(title, count, 'images', (onProgress) =>
      scoreAverage({
        judge,
        path: paths.get(best) ?? '',
        ...(guidance ? { guidance } : {}),
        seed: 0,
        count,
        steps: size.finalSteps,
        engine,
        onProgress,
        signal,
      }),
    );
  const { score: unguided } = await draw(`sampling ${count} images`);
  const weaker = await reconstructGuide(options);
  const guided = await draw(`sampling ${count} images, guided`, { path: weaker.path, weight: GUIDANCE.weight });
  judge.classifier.dispose();

  const [grid, realGrid] = [join(outdir, 'grid.png'), join(outdir, 'grid-real.png')];
  const cells = Math.min(10 * GRID_COLUMNS, count);
  await writeGrid(grid, sliceBatch(guided.images, 0, cells), { columns: GRID_COLUMNS });
  await writeGrid(realGrid, realCells(judge.heldOut, cells), { columns: GRID_COLUMNS });

  const evaluation: Evaluation = {
    sweep,
    best,
    guidance: { weight: GUIDANCE.weight, sigmaRel: GUIDANCE.sigmaRel, nimg: weaker.nimg },
    generated: guided.score,
    unguided,
    heldOut: judge.real,
    testAgreement: judge.testAgreement,
    grid,
    realGrid,
    seconds: { classifier, reconstruct: reconstructed, sweep: swept, final: clock() },
  };
  await writeFileAtomic(join(outdir, 'scores.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  return evaluation;
}

/** Reconstructs every length of the sweep, the tracked ones too, at the end of the run. */
async function reconstruct({ outdir, size: { sigmaRels }, signal, say }: EvaluateOptions) {
  const averages = await openAverages(outdir, outdir, { lengths: sigmaRels, folder: join(outdir, 'ema') });
  const paths = await averages.prepare(sigmaRels, signal);
  say(`reconstructed ${paths.size} EMA lengths from the snapshots: ${sigmaRels.join(', ')}`);
  return { averages, paths };
}

/** Scores every length. */
async function sweepRun(
  { size, engine, signal, tracked }: EvaluateOptions,
  averages: Averages,
  { classifier: network, reference }: Judge,
) {
  const lengths = size.sigmaRels;
  const total = lengths.length * size.sweepImages;
  const { results, best } = await withProgress('sweeping EMA lengths', total, 'images', (onProgress) =>
    sweepLengths({
      lengths,
      averages,
      engine,
      network,
      reference,
      settings: { steps: size.sweepSteps },
      classOf: (labelDim) => gridClass(labelDim, GRID_COLUMNS),
      batch: BATCH,
      seed: SWEEP_SEED,
      num: size.sweepImages,
      onProgress,
      signal,
    }),
  );
  const sweep = results.map((result): SweepPoint => {
    const { sigmaRel } = result.point;
    return { sigmaRel, tracked: tracked.includes(sigmaRel), ...scoreOf(result) };
  });
  return { sweep, best: best.point.sigmaRel };
}

/** The average that guides: of the same run, at the stored time nearest to a share of the training. */
async function reconstructGuide({ outdir, images, signal }: EvaluateOptions): Promise<{ path: string; nimg: number }> {
  const path = join(outdir, 'ema', 'guide.safetensors');
  const stored = await openSnapshots(outdir);
  const nimg = guideTime(stored.times, images);
  await stored.close();
  await reconstructFiles({
    input: outdir,
    output: path,
    sigmaRels: [GUIDANCE.sigmaRel],
    t: nimg,
    overwrite: true,
    signal,
  });
  return { path, nimg };
}

/** Real images in the generated grid's layout: cell i shows the next unused image of its class. */
function realCells({ data, classes, shape }: LabelledImages, cells: number): PixelBatch {
  const size = data.length / shape[0];
  const out = new Uint8Array(cells * size);
  const next = new Map<number, number>();
  for (let i = 0; i < cells; i++) {
    const digit = digitOf(i);
    const from = classes.indexOf(digit, next.get(digit) ?? 0);
    if (from < 0) continue;
    next.set(digit, from + 1);
    out.set(data.subarray(from * size, (from + 1) * size), i * size);
  }
  return { data: out, shape: [cells, shape[1], shape[2], shape[3]] };
}

/** Each call returns the seconds since the last. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
