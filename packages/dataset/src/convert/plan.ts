import { createHash } from 'node:crypto';
import { known } from '@edm2/options';
import { CONCURRENCY, MAX_PROBED, MAX_RESOLUTION } from '../limits.js';
import { mapLimit } from '../map-limit.js';
import { type OpenDatasetOptions, openAs, settingsOf } from '../open-dataset.js';
import { closeStored, openStored, type Stored, type StoredOptions } from '../open-stored.js';
import { type OptionFlags, spellingOf } from '../spelling.js';
import type { Size } from '../transform/transforms.js';
import type { OpenedDataset } from '../types.js';
import { type ConvertSource, sourceOf } from './open-source.js';

/** Options of {@link planConversion}. */
export interface PlanOptions {
  /** Side that is wanted, in pixels. Default: what the images have; where they differ, what most of them reach. */
  readonly resolution?: number;
  /** Without `resolution`: no larger side is proposed. Default 64, what a network of pixels trains on. */
  readonly mostSide?: number;
  /** False leaves labels out. Default true. */
  readonly labels?: boolean;
  readonly split?: 'train' | 'test';
  readonly flags?: OptionFlags;
}

const OPTIONS = { resolution: true, mostSide: true, labels: true, split: true, flags: true } as const;

/** What would make images ready for training. */
export interface NeededConversion {
  readonly needed: true;
  /** In a few words: `images of 480×360 to 4032×3024`. */
  readonly why: string;
  /** Side to convert to. */
  readonly side: number;
  readonly images: number;
  /** The same for the same images and side. */
  readonly key: string;
}

/** Whether images are ready for training, and what would make them so. */
export type ConversionPlan = { readonly needed: false } | NeededConversion;

/**
 * Says whether images can be trained on as they are: square, a power of two, all alike. Looks at headers only, of a large set at 4096 of
 * them, evenly spread.
 *
 * @throws {DatasetError} (rejects) as `openDataset` says of what is no dataset.
 * @throws {RangeError} (rejects) when an option is unknown.
 */
export async function planConversion(path: string, options: PlanOptions = {}): Promise<ConversionPlan> {
  const { resolution, mostSide, labels = true, split, flags } = known('planConversion', options, OPTIONS);
  const settings = { useLabels: labels, labelDim: undefined, split, spelling: spellingOf(flags) };
  const stored = await openStored(path, settings);
  try {
    return await planOf(stored, settings, resolution, mostSide);
  } finally {
    await closeStored(stored);
  }
}

/** Options of {@link openReady}. */
export interface OpenReadyOptions extends OpenDatasetOptions {
  /** As for {@link planConversion}. */
  readonly mostSide?: number;
}

/**
 * Opens images where they can be trained on as they are, in one go; else says what would make them so.
 *
 * @returns the dataset, which the caller closes, or the conversion that is needed.
 * @throws {DatasetError} (rejects) as `openDataset` says.
 * @throws {RangeError} (rejects) when an option is unknown or out of range.
 */
export async function openReady(
  path: string,
  options: OpenReadyOptions = {},
): Promise<OpenedDataset | NeededConversion> {
  const { mostSide, ...rest } = options;
  const settings = settingsOf(rest);
  const stored = await openStored(path, settings);
  let plan: ConversionPlan;
  try {
    plan = await planOf(stored, settings, settings.resolution, mostSide);
  } catch (error) {
    await closeStored(stored);
    throw error;
  }
  if (!plan.needed) return openAs(path, stored, settings);
  await closeStored(stored);
  return plan;
}

async function planOf(
  stored: Stored,
  options: StoredOptions,
  resolution: number | undefined,
  mostSide = 64,
): Promise<ConversionPlan> {
  // Labels are read where they tell one conversion from another.
  const images = await sourceOf(stored, { ...options, useLabels: false });
  // Images of IDX files are padded as they are read.
  if (images.count === 0 || images.kind === 'idx' || (await images.floats())) return { needed: false };
  const sizes = await sizesOf(images);
  const [first] = sizes;
  if (!first) return { needed: false };
  const alike = sizes.every(({ width, height }) => width === first.width && height === first.height);
  const square = alike && first.width === first.height;
  // A square array is padded too.
  if (square && images.kind === 'array') return { needed: false };
  const ready = square && Math.log2(first.width) % 1 === 0 && first.width <= MAX_RESOLUTION;
  if (ready && (resolution ?? first.width) === first.width) return { needed: false };
  const side = resolution ?? sideOf(sizes, mostSide);
  const { labels } = await sourceOf(stored, options);
  const hash = createHash('sha256').update(JSON.stringify([side, labels.kind]));
  for (const part of await images.identity()) hash.update(`${part}\n`);
  return { needed: true, why: rangeOf(sizes), side, images: images.count, key: hash.digest('hex').slice(0, 12) };
}

async function sizesOf(images: ConvertSource): Promise<Size[]> {
  const stride = Math.max(1, images.count / MAX_PROBED);
  const sizes: Size[] = [];
  await mapLimit(Math.ceil(images.count / stride), CONCURRENCY, async (i) => {
    const size = await images.size(Math.floor(i * stride));
    if (size) sizes.push(size);
  });
  return sizes;
}

/** The largest power of two that most short sides reach. */
function sideOf(sizes: readonly Size[], most: number): number {
  const sides = sizes.map(({ width, height }) => Math.min(width, height)).sort((a, b) => b - a);
  const reached = sides[Math.floor((sides.length - 1) / 2)] ?? 1;
  return Math.max(1, Math.min(most, 2 ** Math.floor(Math.log2(Math.max(1, reached)))));
}

function rangeOf(sizes: readonly Size[]): string {
  const sorted = [...sizes].sort((a, b) => a.width * a.height - b.width * b.height);
  const text = (size: Size | undefined): string => `${size?.width}×${size?.height}`;
  const [small, large] = [text(sorted[0]), text(sorted.at(-1))];
  return small === large ? `images of ${small}` : `images of ${small} to ${large}`;
}
