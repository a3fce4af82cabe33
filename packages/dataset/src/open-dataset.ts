import { known } from '@edm2/options';
import { type AssembleOptions, assemble } from './assemble.js';
import { DatasetError } from './errors.js';
import { openSamples, type SampleOptions } from './open-samples.js';
import { openStored, type Stored } from './open-stored.js';
import { type OptionFlags, spellingOf } from './spelling.js';
import type { OpenedDataset } from './types.js';

/** Options of {@link openDataset}. */
export interface OpenDatasetOptions {
  /**
   * Side in pixels. Folders and zips must have it already; images of IDX files and arrays are brought to it by halving and padding with
   * black (default: padded to the next power of two, 28 → 32).
   */
  readonly resolution?: number;
  /** Convert every image to grey (1) or RGB (3). Default: RGB where one image is of colour, else grey. NPY and IDX are left as they are. */
  readonly channels?: 1 | 3;
  /** False ignores labels. Default true: dataset.json, else top-level folders, else none; for IDX the file beside. */
  readonly labels?: boolean;
  /** Width of the one-hot labels; a label at or above it is an error. Default: largest label + 1. */
  readonly labelDim?: number;
  /** Which part of an IDX or NPZ dataset: train-… or t10k-… and test-… files, `x_train` or `x_test`. Default 'train'. */
  readonly split?: 'train' | 'test';
  /** Column of a Parquet table that holds the images. Default: the one that its types or its name tell. */
  readonly imageColumn?: string;
  /** Column of a Parquet table that holds the classes. Default: the one that its types or its name tell, `label` before others. */
  readonly labelColumn?: string;
  /** Keep only so many images, chosen by `seed`. */
  readonly maxSize?: number;
  /** Chooses the subset of `maxSize`. Default 0. */
  readonly seed?: number;
  /** Append a mirrored copy of every image. Default false. */
  readonly xflip?: boolean;
  /** Keep decoded images in memory when all of them fit in so many bytes. Default 512 MiB; 0 never does. */
  readonly cacheBytes?: number;
  /** Take images that decode although the decoder warns of damage; {@link OpenedDataset.conversions} counts them. Default false. */
  readonly acceptWarnings?: boolean;
  /** How a command calls these options, so that its errors name its flags and not these keys. Default: the keys. */
  readonly flags?: OptionFlags;
}

const OPTIONS = {
  resolution: true,
  channels: true,
  labels: true,
  labelDim: true,
  split: true,
  imageColumn: true,
  labelColumn: true,
  maxSize: true,
  seed: true,
  xflip: true,
  cacheBytes: true,
  acceptWarnings: true,
  flags: true,
} as const;

/**
 * Opens a dataset: a folder of images or NPY arrays (sub-folders are classes), a zip of the same (EDM2's format), IDX files (their folder
 * or zip, or the images file itself), or one array of many images (NPY, NPZ). A file's content says what it is, not its name. Only
 * the first image is decoded here; {@link verifyDataset} checks the rest.
 *
 * `report` holds every decision: files passed over, where labels come from or why there are none. Two answers that are equally
 * good (`train` beside `val`, two IDX datasets) are an error that lists them; a path may lead into an archive
 * (`images.zip/train`, `mnist.npz/x_test`).
 *
 * Differs from the published reader: `maxSize` draws from this project's random streams, not numpy's; folders in a zip without
 * dataset.json count as classes too; size must agree over all images and is checked at each read.
 *
 * @param path - folder, zip, NPZ, NPY or IDX file; gzipped IDX too.
 * @returns images `[resolution, resolution, channels]` with labels. Close it when done.
 * @throws {DatasetError} (rejects) not-found, empty, ambiguous, unsupported, corrupt-…, not-square, not-power-of-two, wrong-resolution,
 *   bad-json, bad-label, missing-label, missing-image, too-large.
 * @throws {RangeError} (rejects) when an option is out of range or unknown.
 */
export async function openDataset(path: string, options: OpenDatasetOptions = {}): Promise<OpenedDataset> {
  const settings = settingsOf(options);
  return openAs(path, await openStored(path, settings), settings);
}

/** Options of a dataset, defaults filled in. */
export interface DatasetSettings extends SampleOptions, AssembleOptions {}

/** @throws {RangeError} when an option is out of range or unknown. */
export function settingsOf(options: OpenDatasetOptions): DatasetSettings {
  known('openDataset', options, OPTIONS);
  const { resolution, channels, labels = true, labelDim, split, maxSize, seed = 0, xflip = false } = options;
  const { cacheBytes = 2 ** 29, acceptWarnings = false, flags } = options;
  checkCount('resolution', resolution);
  checkCount('labelDim', labelDim);
  checkCount('maxSize', maxSize);
  if (channels !== undefined && channels !== 1 && channels !== 3)
    throw new RangeError(`openDataset: expected channels to be 1 or 3, got ${channels}. Choose grey or RGB.`);
  if (split !== undefined && split !== 'train' && split !== 'test')
    throw new RangeError(`openDataset: expected split to be train or test, got ${split}. Choose one.`);
  const spelling = spellingOf(flags);
  const columns = { image: options.imageColumn, label: options.labelColumn };
  const samples = { resolution, channels, useLabels: labels, labelDim, split, columns, acceptWarnings, spelling };
  return { ...samples, maxSize, seed, xflip, cacheBytes };
}

/** Opens what was found at a path; closes it where that fails. @throws {DatasetError} (rejects) as `openDataset` says. */
export async function openAs(path: string, stored: Stored, settings: DatasetSettings): Promise<OpenedDataset> {
  const { labelDim, useLabels } = settings;
  const samples = await openSamples(stored, settings);
  try {
    if (labelDim !== undefined && useLabels && samples.labels.kind === 'none')
      throw new DatasetError({
        code: 'missing-label',
        where: 'openDataset',
        file: path,
        expected: `labels of width ${labelDim}`,
        got: `none in ${path}`,
        remedy: 'Leave labelDim out or add labels',
      });
    return await assemble(path, samples, settings);
  } catch (error) {
    await samples.close();
    throw error;
  }
}

function checkCount(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 1))
    throw new RangeError(`openDataset: expected ${name} to be a whole number of at least 1, got ${value}. Correct it.`);
}
