import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, openDataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import { openSnapshots, reconstructFiles } from '@edm2/phema/node';
import { writeFileAtomic } from '@edm2/tensor-files';
import { writeGrid } from '../report/write-grid.js';
import { startProgress } from '../run/progress.js';
import { GRID_COLUMNS, generate } from '../sample/generate.js';
import { gridClass } from '../sample/images.js';
import { holdOut, type LabelledImages, readAll } from './arrays.js';
import { type Classifier, trainClassifier } from './classifier.js';
import { GUIDANCE, guideTime } from './guidance.js';
import { type Reference, referenceOf, type Score, score } from './score.js';

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
  const reference = referenceOf(classifier, testImages.data, testImages.shape[0]);
  const count = Math.min(size.finalImages, heldOutImages.shape[0]);
  const heldOut = score(classifier, reference, heldOutImages.data, count, (i) => heldOutImages.classes[i] ?? 0);
  const testAgreement = score(
    classifier,
    reference,
    testImages.data,
    testImages.shape[0],
    (i) => testImages.classes[i] ?? 0,
  ).labelAgreement;
  const classifierSeconds = clock();

  const paths = await reconstruct(options);
  const reconstructSeconds = clock();

  const sweep = await runSweep(options, classifier, reference, paths);
  const best = sweep.reduce((a, b) => (b.frechet < a.frechet ? b : a));
  const sweepSeconds = clock();

  const seeds = Array.from({ length: size.finalImages }, (_, i) => i);
  const digit = gridClass(10, GRID_COLUMNS);
  const sample = (title: string, guidance?: { path: string; weight: number }) =>
    withProgress(title, seeds.length, 'images', (onProgress) =>
      generate({
        path: paths.get(best.sigmaRel) ?? '',
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
  const unguided = score(classifier, reference, plain.data, seeds.length, digit);
  const weaker = await reconstructGuide(options);
  const images = await sample(`sampling ${seeds.length} images, guided`, {
    path: weaker.path,
    weight: GUIDANCE.weight,
  });
  const generated = score(classifier, reference, images.data, seeds.length, digit);
  classifier.dispose();
  const [grid, realGrid] = [join(outdir, 'grid.png'), join(outdir, 'grid-real.png')];
  const cells = Math.min(10 * GRID_COLUMNS, seeds.length);
  const pixels = images.data.length / seeds.length;
  const [, side, , channels] = images.shape;
  const asGrid = (data: Uint8Array) => ({
    data,
    shape: [cells, side, side, channels] as [number, number, number, number],
  });
  await writeGrid(grid, asGrid(images.data.slice(0, cells * pixels)), { columns: GRID_COLUMNS });
  await writeGrid(realGrid, asGrid(realCells(heldOutImages, cells, digit)), { columns: GRID_COLUMNS });

  const seconds = {
    classifier: classifierSeconds,
    reconstruct: reconstructSeconds,
    sweep: sweepSeconds,
    final: clock(),
  };
  const guidance = { weight: GUIDANCE.weight, sigmaRel: GUIDANCE.sigmaRel, nimg: weaker.nimg };
  const scores = { generated, unguided, heldOut, testAgreement };
  const evaluation = { sweep, best: best.sigmaRel, guidance, ...scores, grid, realGrid, seconds };
  await writeFileAtomic(join(outdir, 'scores.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  return evaluation;
}

/** Reconstructs every length of the sweep, the tracked ones too, at the end of the run. */
async function reconstruct({ outdir, size, signal, say }: EvaluateOptions): Promise<Map<number, string>> {
  const output = join(outdir, 'ema');
  await mkdir(output, { recursive: true });
  const results = await reconstructFiles({ input: outdir, output, sigmaRels: [...size.sigmaRels], signal });
  const paths = new Map<number, string>();
  for (const { sigmaRel, path } of results.outputs) paths.set(sigmaRel, path);
  say(`reconstructed ${paths.size} EMA lengths from the snapshots: ${size.sigmaRels.join(', ')}`);
  return paths;
}

/** The average that guides: of the same run, at the stored time nearest to a share of the training. */
async function reconstructGuide({ outdir, images, signal }: EvaluateOptions): Promise<{ path: string; nimg: number }> {
  const path = join(outdir, 'ema', 'guide.safetensors');
  const stored = await openSnapshots(outdir);
  const nimg = guideTime(stored.times, images);
  await stored.close();
  await reconstructFiles({ input: outdir, output: path, sigmaRels: [GUIDANCE.sigmaRel], t: nimg, signal });
  return { path, nimg };
}

async function runSweep(
  { size, engine, signal, tracked }: EvaluateOptions,
  classifier: Classifier,
  reference: Reference,
  paths: ReadonlyMap<number, string>,
): Promise<SweepPoint[]> {
  const seeds = Array.from({ length: size.sweepImages }, (_, i) => SWEEP_SEED + i);
  const total = paths.size * seeds.length;
  return withProgress('sweeping EMA lengths', total, 'images', async (onProgress) => {
    const points: SweepPoint[] = [];
    for (const [sigmaRel, path] of paths) {
      const before = points.length * seeds.length;
      const { data } = await generate({
        path,
        seeds,
        steps: size.sweepSteps,
        batch: SAMPLE_BATCH,
        engine,
        signal,
        onProgress: (done) => onProgress(before + done),
      });
      const digit = gridClass(10, GRID_COLUMNS);
      const found = score(classifier, reference, data, seeds.length, (i) => digit(SWEEP_SEED + i));
      points.push({ sigmaRel, tracked: tracked.includes(sigmaRel), ...found });
    }
    return points;
  });
}

async function withProgress<T>(
  title: string,
  total: number,
  unit: string,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  const progress = startProgress(title, total, unit);
  try {
    return await work((done) => progress.update(done));
  } finally {
    progress.stop();
  }
}

/** Real images in the generated grid's layout: cell i shows the next unused image of its class. */
function realCells({ data, classes, shape }: LabelledImages, cells: number, digit: (i: number) => number) {
  const size = data.length / shape[0];
  const out = new Uint8Array(cells * size);
  const next = new Map<number, number>();
  for (let i = 0; i < cells; i++) {
    const from = classes.indexOf(digit(i), next.get(digit(i)) ?? 0);
    if (from < 0) continue;
    next.set(digit(i), from + 1);
    out.set(data.subarray(from * size, (from + 1) * size), i * size);
  }
  return out;
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
