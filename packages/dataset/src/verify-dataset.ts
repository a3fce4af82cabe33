import { known } from '@edm2/options';
import { DatasetError } from './errors.js';
import { CONCURRENCY } from './limits.js';
import { mapLimit } from './map-limit.js';
import type { Conversion } from './report.js';
import type { Dataset } from './types.js';

/** Options of {@link verifyDataset}. */
export interface VerifyOptions {
  /** Called after each image. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
  /** Keep so many bad images in the error's `problems`; all are counted. Default 10. */
  readonly maxProblems?: number;
}

const OPTIONS = { onProgress: true, signal: true, maxProblems: true } as const;

/** What a sound dataset holds. */
export interface DatasetSummary {
  /** Images decoded: mirrored copies are not decoded again. */
  readonly images: number;
  /** Images per class, length `labelDim`; empty when labels are absent or vectors. */
  readonly classCounts: readonly number[];
  /** Files that are not used; `dataset.report` says which. */
  readonly passedOver: number;
  /** What was done to the pixels of all images. */
  readonly conversions: readonly Conversion[];
  /** Unusual, but usable: classes without images, for example. */
  readonly warnings: readonly string[];
}

/**
 * Decodes every stored image once and checks it, so that a training run does not meet the bad one after three days. What fits in
 * the cache stays there.
 *
 * @throws {DatasetError} (rejects) the first bad image in index order; with several, the text names more and `problems` lists them.
 * @throws the signal's reason (rejects) on abort.
 */
export async function verifyDataset(dataset: Dataset, options: VerifyOptions = {}): Promise<DatasetSummary> {
  const { onProgress, signal, maxProblems = 10 } = known('verifyDataset', options, OPTIONS);
  const total = dataset.sourceLength;
  const problems = new Map<number, DatasetError>();
  let [done, bad] = [0, 0];
  const check = async (index: number): Promise<void> => {
    try {
      await dataset.read(index);
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      bad++;
      problems.set(index, error);
      // The first ones in index order stay, whatever order they were found in.
      if (problems.size > maxProblems) problems.delete(Math.max(...problems.keys()));
    }
    done++;
    onProgress?.({ done, total });
  };
  await mapLimit(total, CONCURRENCY, check, () => signal?.throwIfAborted());
  const found = [...problems].sort(([a], [b]) => a - b).map(([, problem]) => problem);
  const [first] = found;
  if (first) throw bad > 1 ? first.withProblems(found, bad) : first;

  const classCounts = new Array<number>(dataset.labelKind === 'class' ? dataset.labelDim : 0).fill(0);
  if (dataset.labelKind === 'class') {
    for (let i = 0; i < total; i++) {
      const label = dataset.classOf(i);
      classCounts[label] = (classCounts[label] ?? 0) + 1;
    }
  }
  const empty = classCounts.flatMap((count, label) => (count === 0 ? [label] : []));
  const warnings = empty.length
    ? [
        `${empty.length} of ${classCounts.length} classes have no image: ${empty.slice(0, 10).join(', ')}${empty.length > 10 ? ', …' : ''}`,
      ]
    : [];
  const passedOver = (dataset.report?.passedOver ?? []).reduce((sum, { count }) => sum + count, 0);
  return { images: total, classCounts, passedOver, conversions: dataset.conversions?.() ?? [], warnings };
}
