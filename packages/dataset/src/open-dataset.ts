import { open, stat } from 'node:fs/promises';
import { assemble } from './assemble.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import { openFiles } from './file-samples.js';
import { openFolder } from './folder-source.js';
import { findIdx, isIdxName, openIdx } from './idx-samples.js';
import type { Samples } from './samples.js';
import type { Dataset } from './types.js';
import { openZip } from './zip-source.js';

/** Options of {@link openDataset}. */
export interface OpenDatasetOptions {
  /**
   * Side in pixels. Folders and zips must have it already; IDX images are brought to it by halving and padding with black
   * (default: padded to the next power of two, 28 → 32).
   */
  readonly resolution?: number;
  /** Convert every image to grey (1) or RGB without transparency (3). Default: as the first image is. NPY and IDX are left as they are. */
  readonly channels?: 1 | 3;
  /** False ignores labels. Default true: dataset.json, else top-level folders, else none; for IDX the file beside. */
  readonly labels?: boolean;
  /** Width of the one-hot labels; a label at or above it is an error. Default: largest label + 1. */
  readonly labelDim?: number;
  /** Which half of an IDX dataset: train-… or t10k-… and test-… files. Default 'train'. */
  readonly split?: 'train' | 'test';
  /** Keep only so many images, chosen by `seed`. */
  readonly maxSize?: number;
  /** Chooses the subset of `maxSize`. Default 0. */
  readonly seed?: number;
  /** Append a mirrored copy of every image. Default false. */
  readonly xflip?: boolean;
  /** Keep decoded images in memory when all of them fit in so many bytes. Default 512 MiB; 0 never does. */
  readonly cacheBytes?: number;
}

/**
 * Opens a dataset: a folder of images or NPY arrays (sub-folders are classes), a zip of the same (EDM2's format), or IDX
 * files (their folder, or the images file itself). Only the first image is decoded here; {@link verifyDataset} checks the rest.
 *
 * Differs from the published reader: `maxSize` draws from this project's random streams, not numpy's; folders in a zip without
 * dataset.json count as classes too; grey, RGB and size must agree over all images and are checked at each read.
 *
 * @param path - folder, zip or IDX file; gzipped IDX too.
 * @returns images `[resolution, resolution, channels]` with labels. Close it when done.
 * @throws {DatasetError} (rejects) not-found, empty, unsupported, corrupt-…, not-square, not-power-of-two, wrong-resolution,
 *   bad-json, bad-label, missing-label, missing-image, too-large.
 * @throws {RangeError} (rejects) when an option is out of range.
 */
export async function openDataset(path: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  const { resolution, channels, labels = true, labelDim, split, maxSize, seed = 0, xflip = false } = options;
  const { cacheBytes = 2 ** 29 } = options;
  checkCount('resolution', resolution);
  checkCount('labelDim', labelDim);
  checkCount('maxSize', maxSize);
  if (channels !== undefined && channels !== 1 && channels !== 3)
    throw new RangeError(`openDataset: expected channels to be 1 or 3, got ${channels}. Choose grey or RGB.`);

  const samples = await openSamples(path, split, { resolution, channels, useLabels: labels, labelDim });
  try {
    if (labelDim !== undefined && labels && samples.labels.kind === 'none')
      throw failure(
        'missing-label',
        path,
        `labels of width ${labelDim}`,
        `none in ${path}`,
        'Leave labelDim out or add labels',
      );
    return await assemble(path, samples, { maxSize, seed, xflip, cacheBytes });
  } catch (error) {
    await samples.close();
    throw error;
  }
}

async function openSamples(
  path: string,
  split: 'train' | 'test' | undefined,
  options: Parameters<typeof openFiles>[2],
): Promise<Samples> {
  const info = await stat(path).catch((cause: unknown) => {
    throw failure('not-found', path, 'a folder, a zip or an IDX file', `nothing at ${path}`, 'Check the path', cause);
  });
  const kind = info.isDirectory() ? 'folder' : await sniff(path);
  if (kind === 'idx') return openIdx(path, options);
  const images = kind === 'folder' ? await findIdx(path, split ?? 'train') : undefined;
  if (images) return openIdx(images, options);
  if (split !== undefined)
    throw failure(
      'unsupported',
      path,
      'an IDX dataset when a split is asked for',
      `a ${kind} of images`,
      'Leave split out',
    );
  const source = await (kind === 'zip' ? openZip(path) : openFolder(path));
  try {
    return await openFiles(source, path, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Tells zip from IDX by the first bytes, and by the name where those are damaged, so that the error names the damage. */
async function sniff(path: string): Promise<'zip' | 'idx'> {
  const handle = await open(path).catch((cause: unknown) => {
    throw failure('unreadable', path, 'a file that can be read', `an error at ${path}`, 'Check its permissions', cause);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    if (bytesRead >= 2 && buffer[0] === 0x50 && buffer[1] === 0x4b) return 'zip';
    if (bytesRead === 4 && buffer.readUInt32BE(0) === 0x00000803) return 'idx';
  } finally {
    await handle.close();
  }
  if (isIdxName(path)) return 'idx';
  if (/\.zip$/i.test(path)) return 'zip';
  throw failure(
    'unsupported',
    path,
    'a folder, a zip or an IDX file',
    `another kind of file at ${path}`,
    'Pass the folder that holds the images',
  );
}

const failure = (
  code: DatasetErrorCode,
  file: string,
  expected: string,
  got: string,
  remedy: string,
  cause?: unknown,
) => new DatasetError({ code, where: 'openDataset', file, expected, got, remedy, cause });

function checkCount(name: string, value: number | undefined): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= 1))
    throw new RangeError(`openDataset: expected ${name} to be a whole number of at least 1, got ${value}. Correct it.`);
}
