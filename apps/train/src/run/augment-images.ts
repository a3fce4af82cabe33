import { type Augment, createAugment, TRANSFORMS } from '@edm2/augment';
import type { Random } from '@edm2/random';
import type { RunConfig } from '../options/run-config.js';

/** The pipeline of a run; undefined without one. */
export function augmentOf({
  augment: probability,
  augmentWith,
}: Pick<RunConfig, 'augment' | 'augmentWith'>): Augment | undefined {
  if (probability === 0) return undefined;
  const transforms = augmentWith?.split(',').flatMap((name) => TRANSFORMS.get(name) ?? []);
  return createAugment({ probability, ...(transforms ? { transforms } : {}) });
}

/** Images of consecutive numbers. */
interface NumberedImages {
  /** `[N, size, size, channels]`. */
  readonly values: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** Image number of the first. */
  readonly startImage: number;
}

/**
 * Augments each image of a batch by its own number.
 *
 * @returns images of the same shape, and `[N, labelDim]` of what the network is told.
 */
export function augmentImages(
  augment: Augment,
  { values, shape: [count, size, , channels], startImage }: NumberedImages,
  random: Random,
): { readonly values: Float32Array; readonly labels: Float32Array } {
  const each = values.length / count;
  const all = { values: new Float32Array(values.length), labels: new Float32Array(count * augment.labelDim) };
  for (let i = 0; i < count; i++) {
    const image = { values: values.subarray(i * each, (i + 1) * each), size, channels };
    const moved = augment.apply(image, random, startImage + i);
    all.values.set(moved.values, i * each);
    all.labels.set(moved.labels, i * augment.labelDim);
  }
  return all;
}
