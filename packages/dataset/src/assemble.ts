import { createRandom } from '@edm2/random';
import { createImageCache } from './cache.js';
import { DatasetError } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { labelDimOf } from './labels.js';
import { mirror } from './mirror.js';
import type { Samples } from './samples.js';
import type { OpenedDataset } from './types.js';

export interface AssembleOptions {
  readonly maxSize: number | undefined;
  readonly seed: number;
  readonly xflip: boolean;
  readonly cacheBytes: number;
}

/** Stored images → the dataset that a caller holds: a subset, mirrored copies, a cache, range checks. */
export async function assemble(
  path: string,
  samples: Samples,
  { maxSize, seed, xflip, cacheBytes }: AssembleOptions,
): Promise<OpenedDataset> {
  const { kind, resolution, channels, dtype, labels, notes } = samples;
  const limited = maxSize !== undefined && maxSize < samples.count;
  const chosen = limited
    ? createRandom(seed).stream('dataset', 'subset').permutation(samples.count).slice(0, maxSize).sort()
    : undefined;
  const sourceLength = chosen?.length ?? samples.count;
  const length = xflip ? 2 * sourceLength : sourceLength;
  const cache = samples.worthCaching
    ? createImageCache(sourceLength, resolution * resolution * channels, dtype, cacheBytes)
    : undefined;
  const labelDim = labelDimOf(labels);
  let closed = false;

  /** Index among the stored images. */
  const storedIndex = (index: number): number => {
    if (!Number.isInteger(index) || index < 0 || index >= length)
      throw new RangeError(`Dataset: expected an index from 0 to ${length - 1}, got ${index}. Use 0 ≤ index < length.`);
    const selected = index % sourceLength;
    return chosen?.[selected] ?? selected;
  };
  const classOf = (index: number): number => {
    const stored = storedIndex(index);
    return labels.kind === 'class' ? (labels.classes[stored] ?? -1) : -1;
  };

  return {
    path,
    kind,
    length,
    sourceLength,
    resolution,
    channels,
    dtype,
    labelDim,
    labelKind: labels.kind,
    classNames: labels.kind === 'class' ? labels.classNames : [],
    report: samples.report,
    conversions: () => samples.conversions(),
    ...(notes ? { notes } : {}),
    fingerprint: await fingerprint(samples, { subset: limited ? { maxSize, seed } : null, xflip }),
    read: async (index) => {
      const stored = storedIndex(index);
      if (closed) {
        throw new DatasetError({
          code: 'unreadable',
          where: 'Dataset.read',
          file: path,
          expected: 'an open dataset',
          got: `a closed one (${path})`,
          remedy: 'Read before calling close()',
        });
      }
      const read = () => samples.read(stored);
      const image = await (cache ? cache.get(index % sourceLength, read) : read());
      return index >= sourceLength ? mirror(image, resolution, channels) : image;
    },
    label: (index) => {
      const stored = storedIndex(index);
      if (labels.kind === 'vector') return Float32Array.from(labels.vectors[stored] ?? []);
      const label = new Float32Array(labelDim);
      if (labels.kind === 'class') label[classOf(index)] = 1;
      return label;
    },
    classOf,
    name: (index) => samples.name(storedIndex(index)),
    close: async () => {
      if (closed) return;
      closed = true;
      await samples.close();
    },
  };
}
