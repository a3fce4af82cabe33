import type { Gaussian } from '../gaussian.js';
import type { LinearAlgebra } from '../linear-algebra/linear-algebra.js';

/** What a metric takes beside the means and covariances of both sets: features of every generated image, of every real one, class logits. */
export type MetricNeed = 'features' | 'realFeatures' | 'logits';

/** A set of images as a feature network sees it. */
export interface ImageFeatures {
  /** Images; undefined when a file of statistics does not say. */
  readonly n?: number | undefined;
  readonly statistics: Gaussian;
  /** `[n, dims]` row-major; absent where only statistics were kept. */
  readonly features?: Float32Array | Float64Array | undefined;
  /** `[n, classes]` before the softmax; absent where they were not kept, or the network does not classify. */
  readonly logits?: Float32Array | Float64Array | undefined;
}

/** A feature network, as far as figures depend on it. */
export interface FeatureKind {
  /** `inception`, `dinov2`, …; published names of figures are for the features of `inception`. */
  readonly name: string;
  /** What the Fréchet distance on its features is called, such as `FID`. */
  readonly figure: string;
  /** Features of an image. */
  readonly dims: number;
}

/** What a metric computes with. */
export interface MetricInput {
  readonly fake: ImageFeatures;
  readonly real: ImageFeatures;
  readonly network: FeatureKind;
  /** Of subsets, splits, directions and resamples; an integer. */
  readonly seed: number;
  /** Resamples of metrics that are `resampled`; 0: none. */
  readonly resamples: number;
  /** Default typed arrays. */
  readonly linearAlgebra?: LinearAlgebra | undefined;
}

/** Where a figure's own deviation comes from, of one set of images. */
export type SpreadKind = 'subsets' | 'splits' | 'resamples';

/** One figure of one set of images. */
export interface FigureValue {
  readonly value: number;
  /** Standard deviation over what `over` says; absent where the figure is one number. */
  readonly std?: number;
  readonly over?: SpreadKind;
  /** The same in words, such as `100 subsets of 1000`. */
  readonly of?: string;
}

/** What a figure is called, and which way it is better. */
export interface FigureKind {
  title(network: FeatureKind): string;
  readonly better: 'lower' | 'higher';
}

/** How many images a figure is of. */
export interface ImageCounts {
  /** Generated; undefined where nobody knows. */
  readonly n: number | undefined;
  /** Real. */
  readonly nReference?: number | undefined;
  /** Features of an image. */
  readonly dims: number;
}

/** A metric: what it needs, which figures it gives, how, and when they say less than they seem. */
export interface Metric<Figure extends string = string> {
  /** A line for help. */
  readonly help: string;
  /** Other tools' names for it; one that belongs to a feature network holds with that alone. */
  readonly aliases?: Readonly<Record<string, { readonly network?: string }>>;
  readonly needs: readonly MetricNeed[];
  /** Whether resampled images (the bootstrap) give its figures a deviation; that needs the generated images' features. */
  readonly resampled?: boolean;
  readonly figures: Readonly<Record<Figure, FigureKind>>;
  /** @throws {RangeError} when something that it needs is not there, or does not fit. */
  compute(input: MetricInput): Readonly<Record<Figure, FigureValue>>;
  /** Why its figures of so few images say less than they seem, as a sentence; undefined when there are enough. */
  warns(counts: ImageCounts): string | undefined;
}

/** A figure's title on any features: published names are for those that they were published with, on others the features are named too. */
export const titled =
  (title: string, what = 'features') =>
  ({ name }: FeatureKind): string =>
    name === 'inception' ? title : `${title} (${name} ${what})`;
