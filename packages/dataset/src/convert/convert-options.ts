import { known } from '@edm2/options';
import { MAX_RESOLUTION } from '../limits.js';
import type { OptionFlags } from '../spelling.js';
import { type Size, TRANSFORMS, type TransformName } from '../transform/transforms.js';
import { backgroundOf } from './alpha.js';
import type { ImageJob, ImageResult, ImageSettings } from './convert-image.js';

/** Options of `convertDataset`. */
export interface ConvertOptions {
  /** Default 'none': stretched to `size`, or left alone without one. */
  readonly transform?: TransformName;
  /** Width and height that the transform makes. Default: images stay as they are, and must be square, a power of two, and alike. */
  readonly size?: Size;
  /** Only the first images of the source. */
  readonly maxImages?: number;
  /** 3: RGB, as the published tool; 1: grey. Default 3. */
  readonly channels?: 1 | 3;
  /** What lies behind transparency: `white`, `black`, `#rrggbb`; `drop` takes the colours as they are stored. Default 'drop'. */
  readonly alpha?: string;
  /** Turn images upright by their orientation tag. Default true. Differs from the published tool, which ignores it. */
  readonly upright?: boolean;
  /** Turn colours to sRGB by the profile in a file. Default false: profiles are ignored. */
  readonly toSrgb?: boolean;
  /** Pass over images with a shorter side than this, in pixels. Default 0. */
  readonly minSide?: number;
  /** Pass over images that are nearly the same as an earlier one. Default false. */
  readonly dropDuplicates?: boolean;
  /** A table of labels (CSV, TSV, JSON, JSONL); false leaves labels out. Default true: those that the source has. */
  readonly labels?: boolean | string;
  /** Which part of an IDX or NPZ dataset. Default 'train'. */
  readonly split?: 'train' | 'test';
  /** Column of a Parquet table that holds the images. Default: the one that its types or its name tell. */
  readonly imageColumn?: string;
  /** Column of a Parquet table that holds the classes. Default: the one that its types or its name tell, `label` before others. */
  readonly labelColumn?: string;
  readonly acceptWarnings?: boolean;
  /** Converts one image, in another thread for example. Default: in this one. */
  readonly convert?: (job: ImageJob) => Promise<ImageResult>;
  /** Images at a time. Default 8. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
  readonly flags?: OptionFlags;
}

const OPTIONS = {
  transform: true,
  size: true,
  maxImages: true,
  channels: true,
  alpha: true,
  upright: true,
  toSrgb: true,
  minSide: true,
  dropDuplicates: true,
  labels: true,
  split: true,
  imageColumn: true,
  labelColumn: true,
  acceptWarnings: true,
  convert: true,
  concurrency: true,
  onProgress: true,
  signal: true,
  flags: true,
} as const;

/** What the options come to, defaults filled in. @throws {RangeError} when one is unknown or out of range. */
export function settingsOf(given: ConvertOptions): ImageSettings {
  const options = known('convertDataset', given, OPTIONS);
  const { transform = 'none', size, channels = 3, alpha = 'drop', upright = true, toSrgb = false } = options;
  const { minSide = 0, acceptWarnings = false, dropDuplicates = false, maxImages } = options;
  const fail = (name: string, expected: string, got: unknown) =>
    new RangeError(`convertDataset: expected ${name} to be ${expected}, got ${String(got)}. Correct it.`);
  if (!Object.hasOwn(TRANSFORMS, transform)) throw fail('transform', Object.keys(TRANSFORMS).join(', '), transform);
  if (channels !== 1 && channels !== 3) throw fail('channels', '1 or 3', channels);
  if (maxImages !== undefined && !(Number.isInteger(maxImages) && maxImages >= 1))
    throw fail('maxImages', 'a whole number of at least 1', maxImages);
  if (!(Number.isInteger(minSide) && minSide >= 0)) throw fail('minSide', 'a whole number', minSide);
  backgroundOf(alpha);
  if (size === undefined && transform !== 'none') throw fail('size', `given with transform ${transform}`, size);
  if (size) checkSize(transform, size);
  return {
    transform,
    size: size ?? null,
    channels,
    alpha,
    upright,
    toSrgb,
    minSide,
    acceptWarnings,
    thumbnails: dropDuplicates,
  };
}

/** @throws {RangeError} when images of this size are none that EDM2 trains on. */
function checkSize(transform: TransformName, { width, height }: Size): void {
  const fail = (expected: string, remedy: string) =>
    new RangeError(`convertDataset: expected size to be ${expected}, got ${width}×${height}. ${remedy}.`);
  const isPower = Number.isInteger(width) && width >= 1 && width <= MAX_RESOLUTION && Math.log2(width) % 1 === 0;
  if (!isPower)
    throw fail(`a power of two wide, at most ${MAX_RESOLUTION}`, 'Choose 32×32, 64×64 or 256×256, for example');
  if (transform === 'center-crop-wide') {
    if (!(Number.isInteger(height) && height >= 1 && height <= width))
      throw fail('as wide as high or wider', 'Choose 256×144, for example');
  } else if (height !== width)
    throw fail('square', 'Choose one side for both; center-crop-wide sets wide images on black squares');
}
