import { known } from '@edm2/options';
import type { Random } from '@edm2/random';
import { type Affine, compose, IDENTITY } from './affine.js';
import type { Image } from './image.js';
import { moveOnGrid } from './move-on-grid.js';
import { resample } from './resample.js';
import { EDM_TRANSFORMS, type Transform } from './transforms.js';

/** Options of {@link createAugment}. */
export interface AugmentOptions {
  /** Probability of each transform but those that are always applied, 0 ≤ p ≤ 1; 0 leaves every image as it is. EDM: 0.12 for CIFAR-10, 0.15 for faces. */
  readonly probability: number;
  /** In the order in which they are applied, those on the pixel grid first. Default EDM's six. */
  readonly transforms?: readonly Transform[];
}

/** An image as it was moved, and what the network is told of it. */
export interface Augmented {
  /** `[size, size, channels]`. */
  readonly values: Float32Array;
  /** `[labelDim]`; all 0 for an image that was left as it is. */
  readonly labels: Float32Array;
}

/** An augmentation pipeline. */
export interface Augment {
  /** Width of the labels: the network's `augmentDim`. */
  readonly labelDim: number;
  /**
   * Moves the image that a training sees at number `nimg`. What is done depends on (seed, nimg) alone.
   *
   * @param random - of the training's seed; streams named `'augment'` are read.
   * @throws {RangeError} when the image is misshapen.
   */
  apply(image: Image, random: Random, nimg: number): Augmented;
}

/**
 * Augments training images without leaking into what is generated: the network is told what was done to each image, and at sampling that
 * nothing was.
 *
 * @throws {RangeError} when the probability is not one, or a transform on the grid comes after one that is not.
 * @see Karras et al. 2022, Elucidating the Design Space of Diffusion-Based Generative Models, appendix F.2, Table 8.
 */
export function createAugment(options: AugmentOptions): Augment {
  const names = { probability: true, transforms: true } as const;
  const { probability, transforms = EDM_TRANSFORMS } = known('createAugment', options, names);
  if (!(probability >= 0 && probability <= 1))
    throw new RangeError(`createAugment: expected 0 ≤ probability ≤ 1, got ${probability}. EDM uses 0.12 to 0.15.`);
  transforms.forEach(({ name, onGrid }, i) => {
    if (onGrid && transforms[i - 1]?.onGrid === false)
      throw new RangeError(
        `createAugment: expected transforms on the pixel grid before all others, got ${name} after ${transforms[i - 1]?.name}. Put it first.`,
      );
  });
  return {
    labelDim: transforms.reduce((sum, { labelDim }) => sum + labelDim, 0),
    apply(image, random, nimg) {
      const drawn = transforms.map((transform) => ({
        transform,
        parameters: draw(transform, probability, random, nimg),
      }));
      const labels = drawn.flatMap(({ transform, parameters }) => transform.labels(parameters));
      const product = (onGrid: boolean): Affine =>
        drawn
          .filter(({ transform }) => transform.onGrid === onGrid)
          .reduce((map, { transform, parameters }) => compose(transform.matrix(parameters, image.size), map), IDENTITY);
      const isMoved = (onGrid: boolean): boolean =>
        drawn.some(({ transform, parameters }) => transform.onGrid === onGrid && parameters.some((p) => p !== 0));
      const values = isMoved(true) ? moveOnGrid(image, product(true)) : image.values.slice();
      return {
        values: isMoved(false) ? resample({ ...image, values }, product(false)) : values,
        labels: Float32Array.from(labels),
      };
    },
  };
}

/** Parameters of a transform for one image: all 0 where it is not applied. */
function draw(transform: Transform, probability: number, random: Random, nimg: number): readonly number[] {
  const stream = random.stream('augment', nimg, transform.name);
  const [toss = 1] = stream.uniform(1);
  const applied = transform.always === true ? probability > 0 : toss < probability;
  return applied ? transform.draw(stream) : new Array<number>(transform.parameters).fill(0);
}
