import type { Evaluation } from './evaluate.js';
import { percent, scoredImages } from './figures.js';

const [NAME, AGREEMENT, DISTANCE] = [42, 15, 16];

/** The scores in words, for the terminal. */
export function summary(evaluation: Evaluation): string[] {
  const { generated, guidance, testAgreement, best, sweep } = evaluation;
  const distances = sweep.map(({ frechet }) => frechet);
  const [nearest, farthest] = [Math.min(...distances), Math.max(...distances)].map((distance) => distance.toFixed(2));
  return [
    '',
    `${' '.repeat(NAME)}  label agreement   Fréchet distance (classifier features, n = ${generated.n})`,
    ...scoredImages(evaluation).map(
      ({ name, score: { labelAgreement, frechet } }) =>
        `${name.padEnd(NAME)}  ${percent(labelAgreement).padStart(AGREEMENT)}   ${frechet.toFixed(2).padStart(DISTANCE)}`,
    ),
    `EMA length ${best} · guided by the same network after ${guidance.nimg.toLocaleString('en')} images`,
    `the classifier reads ${percent(testAgreement)} of the real test set right; over EMA lengths the distance goes from ${nearest} to ${farthest}`,
  ];
}
