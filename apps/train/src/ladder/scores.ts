import { join } from 'node:path';
import { openJsonLines } from '@edm2/app-kit/files/json-lines';
import type { Score } from '@edm2/app-scoring/scores/score';
import type { ScoreStore } from '@edm2/app-scoring/sweep/store';
import type { AverageKey } from '../run/run-averages.js';

/** One set of images that was scored: an average, and from which seed on. */
export interface ScoredDraw extends Score {
  /** EMA length, or the traditional average. */
  readonly average: AverageKey;
  /** `sweep`: to choose a length; `final`: on fresh seeds, what is reported. */
  readonly use: 'sweep' | 'final';
  readonly seed: number;
  /** Steps of the sampler. */
  readonly steps: number;
  /** Of the judge: scores by another classifier do not compare. */
  readonly classifier: string;
  /** Relative error of the reconstructed average's profile; none of a traditional one. */
  readonly profileError?: number;
}

/** What makes two draws the same. */
export type DrawKey = Omit<ScoredDraw, 'profileError' | Exclude<keyof Score, 'n'>>;

/** Scores of one config, kept as they come: a ladder that goes on reads them back. */
export interface ScoreFile {
  readonly draws: readonly ScoredDraw[];
  find(key: DrawKey): ScoredDraw | undefined;
  add(draw: ScoredDraw): Promise<void>;
}

/** Opens `scores.jsonl` of a run's folder. A last line that was cut off is left out. */
export async function openScores(folder: string): Promise<ScoreFile> {
  const { values: draws, add } = await openJsonLines<ScoredDraw>(join(folder, 'scores.jsonl'), { fn: 'ladder' });
  return {
    draws,
    find: (key) => draws.find((draw) => (Object.keys(key) as (keyof DrawKey)[]).every((k) => draw[k] === key[k])),
    add,
  };
}

/**
 * The scores of one search for a length, as a sweep keeps them: in the lines of this file.
 *
 * @param key - of the search.
 * @param profileErrorOf - of an average that was made.
 */
export function sweepScores(
  scores: ScoreFile,
  key: Omit<DrawKey, 'average'>,
  profileErrorOf: (sigmaRel: number) => Promise<number | undefined>,
): ScoreStore {
  const stored = ({ n, frechet, labelAgreement }: ScoredDraw) => ({
    n,
    values: { fd: frechet, agreement: labelAgreement },
  });
  return {
    get({ sigmaRel }) {
      const known = scores.find({ ...key, average: sigmaRel });
      return known && stored(known);
    },
    async add({ sigmaRel }, _draw, { n, figures }) {
      const profileError = await profileErrorOf(sigmaRel);
      const line: ScoredDraw = {
        average: sigmaRel,
        ...key,
        labelAgreement: figures.agreement?.value ?? Number.NaN,
        frechet: figures.fd?.value ?? Number.NaN,
        n,
        ...(profileError === undefined ? {} : { profileError }),
      };
      await scores.add(line);
      return stored(line);
    },
    points: () =>
      scores.draws.flatMap(({ average, use }) =>
        use === 'sweep' && typeof average === 'number' ? [{ sigmaRel: average, weight: 1 }] : [],
      ),
  };
}
