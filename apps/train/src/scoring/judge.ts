import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withProgress } from '@edm2/app-kit/command/progress';
import { holdOut, type LabelledImages, readAll } from '@edm2/app-scoring/scores/arrays';
import { type Score, score, statisticsOf } from '@edm2/app-scoring/scores/score';
import { trainClassifier } from '@edm2/app-scoring/scores/train-classifier';
import { UsageError } from '@edm2/command/errors';
import { type Dataset, openDataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import type { StatisticsResult } from '@edm2/fid';
import { type Classifier, loadClassifier, type PixelBatch, saveClassifier, sliceBatch } from 'edm2/parts';
import { exists } from '../run/run-folder.js';

/** Real images of each class that the classifier never sees: what real digits score. */
const HELD_OUT_PER_CLASS = 100;

/** Who scores everything of a folder: the same classifier against the same statistics. */
export interface Judge {
  readonly classifier: Classifier;
  /** Of the classifier's file. */
  readonly id: string;
  readonly reference: StatisticsResult;
  /** Real images that the classifier never saw. */
  readonly heldOut: LabelledImages;
  /** What they score, as many as are generated. */
  readonly real: Score;
  readonly testAgreement: number;
}

/** What {@link openJudge} needs. */
export interface JudgeOptions {
  readonly outdir: string;
  /** What is trained on, and where its test set is. */
  readonly train: Dataset;
  readonly dataPath: string;
  /** Steps of the classifier. */
  readonly steps: number;
  readonly seed: number;
  /** Images in one set that is scored. */
  readonly count: number;
  readonly engine: EngineReport;
  readonly signal: AbortSignal;
}

/** Trains the classifier and keeps it in the folder, or takes the one that the folder holds. */
export async function openJudge({ outdir, train, dataPath, seed, count, ...options }: JudgeOptions): Promise<Judge> {
  const test = await openDataset(dataPath, { split: 'test', resolution: train.resolution });
  const testImages = await readAll(test).finally(() => test.close());
  const { heldOut, rest } = holdOut(await readAll(train), HELD_OUT_PER_CLASS, seed);
  const path = join(outdir, 'classifier.safetensors');
  const classifier = await classifierOf(path, rest, { ...options, seed });
  const id = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16);
  const reference = await statisticsOf(classifier, testImages);
  const scored = (images: PixelBatch, { classes }: LabelledImages) =>
    score(classifier, reference, images, (i) => classes[i] ?? 0);
  const { labelAgreement: testAgreement } = await scored(testImages, testImages);
  const real = await scored(sliceBatch(heldOut, 0, Math.min(count, heldOut.shape[0])), heldOut);
  return { classifier, id, reference, heldOut, real, testAgreement };
}

async function classifierOf(
  path: string,
  images: LabelledImages,
  { steps, seed, engine, signal }: Pick<JudgeOptions, 'steps' | 'seed' | 'engine' | 'signal'>,
): Promise<Classifier> {
  if (await exists(path))
    return loadClassifier(path, engine.engine).catch((cause) => {
      throw new UsageError(
        `${path}: expected a classifier, got a damaged or another file. Delete it: another is trained, and what the old one scored is scored again.`,
        { cause },
      );
    });
  const classifier = await withProgress('training the classifier', steps, 'steps', (onStep) =>
    trainClassifier(images, { steps, seed, engine, onStep, signal }),
  );
  await saveClassifier(path, classifier);
  return classifier;
}
