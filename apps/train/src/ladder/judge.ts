import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withProgress } from '@edm2/app-kit/command/progress';
import { holdOut, type LabelledImages, readAll } from '@edm2/app-kit/scores/arrays';
import type { Classifier } from '@edm2/app-kit/scores/classifier';
import { loadClassifier, saveClassifier } from '@edm2/app-kit/scores/classifier-file';
import { type Score, score, statisticsOf } from '@edm2/app-kit/scores/score';
import { trainClassifier } from '@edm2/app-kit/scores/train-classifier';
import { UsageError } from '@edm2/command/errors';
import { type Dataset, openDataset } from '@edm2/dataset';
import type { EngineReport } from '@edm2/engine';
import type { StatisticsResult } from '@edm2/fid';
import { exists } from '../run/run-folder.js';
import type { LadderSettings } from './settings.js';

/** Real images of each class that the classifier never sees: what real digits score. */
const HELD_OUT_PER_CLASS = 100;

/** Who scores all configs: the same classifier against the same statistics. */
export interface Judge {
  readonly classifier: Classifier;
  /** Of the classifier's file. */
  readonly id: string;
  readonly reference: StatisticsResult;
  /** Of real images held out, as many as a draw. */
  readonly real: Score;
  readonly testAgreement: number;
}

/** Trains the classifier, or takes the one that the folder holds. */
export async function openJudge(
  outdir: string,
  { train, dataPath }: { readonly train: Dataset; readonly dataPath: string },
  { classifierSteps: steps, seed, finalImages }: LadderSettings,
  engine: EngineReport,
  signal: AbortSignal,
): Promise<Judge> {
  const test = await openDataset(dataPath, { split: 'test', resolution: train.resolution });
  const testImages = await readAll(test);
  await test.close();
  const { heldOut, rest } = holdOut(await readAll(train), HELD_OUT_PER_CLASS, seed);
  const path = join(outdir, 'classifier.safetensors');
  let classifier: Classifier;
  if (await exists(path))
    classifier = await loadClassifier(path, engine.engine).catch((cause) => {
      throw new UsageError(
        `${path}: expected a classifier, got a damaged or another file. Delete it: another is trained, and what the old one scored is scored again.`,
        { cause },
      );
    });
  else {
    classifier = await withProgress('training the classifier', steps, 'steps', (onStep) =>
      trainClassifier(rest, { steps, seed, engine, onStep, signal }),
    );
    await saveClassifier(path, classifier);
  }
  const id = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
    .slice(0, 16);
  const reference = await statisticsOf(classifier, testImages);
  const scored = (images: LabelledImages) => score(classifier, reference, images, (i) => images.classes[i] ?? 0);
  const { labelAgreement: testAgreement } = await scored(testImages);
  const size = heldOut.data.length / heldOut.shape[0];
  const n = Math.min(finalImages, heldOut.shape[0]);
  const [, height, width, channels] = heldOut.shape;
  const part: LabelledImages = {
    data: heldOut.data.subarray(0, n * size),
    classes: heldOut.classes,
    shape: [n, height, width, channels],
  };
  return { classifier, id, reference, real: await scored(part), testAgreement };
}
