import type { Score } from '@edm2/app-scoring/scores/score';
import type { Evaluation } from './evaluate.js';

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** A set of images that was scored, and what it is called. */
export interface ScoredImages {
  readonly name: string;
  readonly score: Score;
}

/** The sets of images that the job is about, the result first. */
export const scoredImages = ({ generated, unguided, heldOut, guidance, best }: Evaluation): readonly ScoredImages[] => [
  { name: `generated, σ_rel ${best}, autoguidance ${guidance.weight}`, score: generated },
  { name: 'the same seeds, not guided', score: unguided },
  { name: 'real images held out', score: heldOut },
];
