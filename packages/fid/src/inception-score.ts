import { type FeatureOptions, type Features, featureMatrix } from './features.js';
import { populationSpread, type Spread } from './spread.js';

/** Options of `inceptionScore`; `dims` is the number of classes. */
export interface InceptionScoreOptions extends FeatureOptions {
  /** Parts that are scored on their own, from 1 to N; default 10, as in publications. */
  readonly splits?: number;
  /** Order in which the rows are taken, `[N]`; default as they are. Sets sorted by class must be shuffled. */
  readonly order?: ArrayLike<number>;
}

/**
 * Inception Score: `exp E KL(p(y|x) ‖ p(y))` in float64, of each split. Split i holds rows `⌊i·N/splits⌋` to `⌊(i+1)·N/splits⌋`.
 *
 * @param logits - `[N, classes]`, before the softmax. The published figure takes the Inception network's `logitsUnbiased`.
 * @returns mean and population standard deviation over the splits.
 * @throws {RangeError} when splits or order do not fit, or a value is not finite.
 * @see Salimans et al. 2016.
 */
export function inceptionScore(logits: Features, { splits = 10, order, dims }: InceptionScoreOptions = {}): Spread {
  const { data, rows, columns } = featureMatrix('inceptionScore', logits, { dims });
  if (!Number.isInteger(splits) || splits < 1 || splits > rows) {
    throw new RangeError(
      `inceptionScore: expected splits from 1 to the ${rows} rows, got ${splits}. Use fewer, or more images.`,
    );
  }
  const scores = new Float64Array(splits);
  for (let split = 0; split < splits; split++) {
    const start = Math.floor((split * rows) / splits);
    const end = Math.floor(((split + 1) * rows) / splits);
    const marginal = new Float64Array(columns);
    let negativeEntropy = 0; // Σ p·log p
    for (let i = start; i < end; i++) {
      const row = rowAt(i, rows, order);
      negativeEntropy += addProbabilities(data.subarray(row * columns, (row + 1) * columns), marginal);
    }
    const n = end - start;
    let cross = 0;
    for (const sum of marginal) if (sum > 0) cross += sum * Math.log(sum / n);
    scores[split] = Math.exp((negativeEntropy - cross) / n);
  }
  return populationSpread(scores);
}

function rowAt(i: number, rows: number, order: ArrayLike<number> | undefined): number {
  const row = order ? order[i] : i;
  if (row === undefined || !Number.isInteger(row) || row < 0 || row >= rows) {
    throw new RangeError(`inceptionScore: expected an order of ${rows} rows, got ${row} at ${i}. Pass a permutation.`);
  }
  return row;
}

/** Adds a row's softmax to `marginal`; returns `Σ p·log p`. */
function addProbabilities(logits: Float64Array, marginal: Float64Array): number {
  const largest = logits.reduce((x, y) => Math.max(x, y), Number.NEGATIVE_INFINITY);
  const total = logits.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  const offset = largest + Math.log(total);
  let sum = 0;
  for (let c = 0; c < logits.length; c++) {
    const log = (logits[c] as number) - offset;
    const p = Math.exp(log);
    marginal[c] = (marginal[c] as number) + p;
    if (p > 0) sum += p * log;
  }
  return sum;
}
