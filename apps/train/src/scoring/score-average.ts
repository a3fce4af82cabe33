import { type Score, score } from '@edm2/app-scoring/scores/score';
import { gridClass, type PixelBatch } from 'edm2/parts';
import type { Judge } from './judge.js';
import { type GenerateOptions, GRID_COLUMNS, generate } from './sample-snapshot.js';

/** Images at a time. */
export const BATCH = 100;
/** Classes of the digits. */
const CLASSES = 10;

/** The class that a seed is asked for: of its cell in the grid. */
export const digitOf = gridClass(CLASSES, GRID_COLUMNS);

/** What {@link scoreAverage} needs. */
export interface ScoreAverageOptions extends Omit<GenerateOptions, 'seeds' | 'batch'> {
  readonly judge: Pick<Judge, 'classifier' | 'reference'>;
  /** The first seed, and how many. */
  readonly seed: number;
  readonly count: number;
}

/** Images of an average from a run of seeds, and what the judge makes of them. */
export async function scoreAverage({
  judge,
  seed,
  count,
  ...options
}: ScoreAverageOptions): Promise<{ readonly images: PixelBatch; readonly score: Score }> {
  const seeds = Array.from({ length: count }, (_, i) => seed + i);
  const images = await generate({ ...options, seeds, batch: Math.min(BATCH, count) });
  return { images, score: await score(judge.classifier, judge.reference, images, (i) => digitOf(seed + i)) };
}
