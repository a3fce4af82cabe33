import { join } from 'node:path';
import { withProgress } from '@edm2/app-kit/command/progress';
import { holdOut, type LabelledImages, readAll } from '@edm2/app-kit/scores/arrays';
import type { Classifier } from '@edm2/app-kit/scores/classifier';
import { saveClassifier } from '@edm2/app-kit/scores/classifier-file';
import { writeReference } from '@edm2/app-kit/scores/reference-file';
import { type Score, score, statisticsOf } from '@edm2/app-kit/scores/score';
import { trainClassifier } from '@edm2/app-kit/scores/train-classifier';
import { type Averages, openAverages } from '@edm2/app-kit/sweep/averages';
import { scoreOf } from '@edm2/app-kit/sweep/result';
import { sweepLengths } from '@edm2/app-kit/sweep/sweep-lengths';
import { type Dataset, openDataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import type { StatisticsResult } from '@edm2/fid';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { writeFileAtomic } from '@edm2/tensor-files';
import { gridClass, type PixelBatch, sliceBatch, writeGrid } from 'edm2/parts';
import { GRID_COLUMNS, generate } from '../run/sample-snapshot.js';
import { GUIDANCE, guideTime } from './guidance.js';

/** Real training images of each class kept from the classifier: the yardstick that generated ones are held against. */
const HELD_OUT_PER_CLASS = 100;
/** Seeds of the sweep begin here: the final images are drawn from other seeds than those that chose the EMA length. */
const SWEEP_SEED = 100_000;
const SAMPLE_BATCH = 100;
/** How much work the evaluation does. */
export interface EvaluationSize {
  readonly classifierSteps: number;
  readonly sigmaRels: readonly number[];
  readonly sweepImages: number;
  readonly sweepSteps: number;
  readonly finalImages: number;
  readonly finalSteps: number;
}

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
  const { outdir, train, engine, size, signal } = options;
  const clock = stopwatch();

  const test = await openDataset(options.dataPath, { split: 'test', resolution: train.resolution });
  const testImages = await readAll(test);
  await test.close();
  const { heldOut: heldOutImages, rest } = holdOut(await readAll(train), HELD_OUT_PER_CLASS, options.seed);
  const classifier = await withProgress('training the classifier', size.classifierSteps, 'steps', (onStep) =>
    trainClassifier(rest, { steps: size.classifierSteps, seed: options.seed, engine, onStep, signal }),
  );
  const reference = await statisticsOf(classifier, testImages);
  // What edm2-evaluate scores this run by on another day.
  await saveClassifier(join(outdir, 'classifier.safetensors'), classifier);
  await writeReference(join(outdir, 'reference.safetensors'), reference, classifier);
  const count = Math.min(size.finalImages, heldOutImages.shape[0]);
  const held = sliceBatch(heldOutImages, 0, count);
  const heldOut = await score(classifier, reference, held, (i) => heldOutImages.classes[i] ?? 0);
  const { labelAgreement: testAgreement } = await score(
    classifier,
    reference,
    testImages,
    (i) => testImages.classes[i] ?? 0,
  );
  const classifierSeconds = clock();

  const { averages, paths } = await reconstruct(options);
  const reconstructSeconds = clock();

  const { sweep, best } = await sweepRun(options, averages, classifier, reference);
  const sweepSeconds = clock();

  const seeds = Array.from({ length: size.finalImages }, (_, i) => i);
  const digit = gridClass(10, GRID_COLUMNS);
  const sample = (title: string, guidance?: { path: string; weight: number }) =>
    withProgress(title, seeds.length, 'images', (onProgress) =>
      generate({
        path: paths.get(best) ?? '',
        ...(guidance ? { guidance } : {}),
        seeds,
        steps: size.finalSteps,
        batch: SAMPLE_BATCH,
        engine,
        onProgress,
        signal,
      }),
    );
  const plain = await sample(`sampling ${seeds.length} images`);
  const unguided = await score(classifier, reference, plain, digit);
  const weaker = await reconstructGuide(options);
  const images = await sample(`sampling ${seeds.length} images, guided`, {
    path: weaker.path,
    weight: GUIDANCE.weight,
  });
  const generated = await score(classifier, reference, images, digit);
  classifier.dispose();
  const [grid, realGrid] = [join(outdir, 'grid.png'), join(outdir, 'grid-real.png')];
  const cells = Math.min(10 * GRID_COLUMNS, seeds.length);
  await writeGrid(grid, sliceBatch(images, 0, cells), { columns: GRID_COLUMNS });
  await writeGrid(realGrid, realCells(heldOutImages, cells, digit), { columns: GRID_COLUMNS });

  const seconds = {
    classifier: classifierSeconds,
    reconstruct: reconstructSeconds,
    sweep: sweepSeconds,
    final: clock(),
  };
  const guidance = { weight: GUIDANCE.weight, sigmaRel: GUIDANCE.sigmaRel, nimg: weaker.nimg };
  const scores = { generated, unguided, heldOut, testAgreement };
  const evaluation = { sweep, best, guidance, ...scores, grid, realGrid, seconds };
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
  network: Classifier,
  reference: StatisticsResult,
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
      batch: SAMPLE_BATCH,
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
function realCells({ data, classes, shape }: LabelledImages, cells: number, digit: (i: number) => number): PixelBatch {
  const size = data.length / shape[0];
  const out = new Uint8Array(cells * size);
  const next = new Map<number, number>();
  for (let i = 0; i < cells; i++) {
    const from = classes.indexOf(digit(i), next.get(digit(i)) ?? 0);
    if (from < 0) continue;
    next.set(digit(i), from + 1);
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
