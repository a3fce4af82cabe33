import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { DatasetError } from '../errors.js';
import { classLabels, type Labels } from '../labels.js';
import { MAX_IDX_BYTES } from '../limits.js';
import type { PassedOver } from '../report.js';
import { labelNames } from './find-idx.js';
import { type IdxFile, readIdx } from './idx.js';
import { stackAxes } from './stack-axes.js';
import type { Stack } from './stack-samples.js';

/** Where IDX files lie. */
export interface IdxFiles {
  has(name: string): Promise<boolean> | boolean;
  pathOf(name: string): string;
  read(name: string, maxBytes: number): Promise<Uint8Array>;
  /** What else lies there, once it is known what is used. */
  passedOver(used: ReadonlySet<string>): readonly PassedOver[];
  close(): Promise<void>;
}

export interface IdxOptions {
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
}

/**
 * Opens an IDX file of images and the labels that lie beside it (`…-labels-idx1-ubyte`, gzipped or not).
 *
 * @throws {DatasetError} when either is damaged, or the counts differ.
 */
export async function openIdx(files: IdxFiles, name: string, { useLabels, labelDim }: IdxOptions): Promise<Stack> {
  const path = files.pathOf(name);
  const fail = (code: 'unsupported' | 'missing-label', expected: string, got: string, remedy: string) =>
    new DatasetError({ code, where: 'openDataset', file: path, expected, got, remedy });
  const images = await readIdx(await files.read(name, MAX_IDX_BYTES), path, 'images');
  const { data } = images;
  const axes = stackAxesOf(images);
  if (typeof axes === 'string')
    throw fail(
      'unsupported',
      'images [N, H, W], [N, H, W, C] or [N, C, H, W]',
      `${axes} in ${path}`,
      'Write it as PNG files',
    );
  const labelFile = useLabels ? await openLabels(files, name) : undefined;
  if (labelFile && labelFile.file.data.length !== axes.count)
    throw fail(
      'missing-label',
      `${axes.count} labels, one per image`,
      `${labelFile.file.data.length} in ${labelFile.path}`,
      'Fetch both files again',
    );
  const labels: Labels = labelFile
    ? classLabels(labelFile.file.data, labelDim, (i) => `${labelFile.path}#${i}`)
    : { kind: 'none' };
  const size = axes.height * axes.width * axes.channels;
  const used = new Set([name, ...(labelFile ? [labelFile.name] : [])]);
  const why = labelFile
    ? `from ${basename(labelFile.name)}`
    : useLabels
      ? `no ${basename(labelNames(name)[0] ?? 'file of labels')} beside the images`
      : 'left out as asked';
  const isEmnist = /^emnist/i.test(basename(name));
  return {
    kind: 'idx',
    path,
    name: basename(name),
    axes,
    labels,
    report: {
      root: '',
      passedOver: files.passedOver(used),
      labels: { from: labelFile ? 'idx' : 'none', why },
      changes: isEmnist ? ['rows and columns left exchanged, as EMNIST stores them'] : [],
    },
    values: (index) => (data as Uint8Array).subarray(index * size, (index + 1) * size),
    identity: async () => [createHash('sha256').update(data).digest('hex')],
    close: () => files.close(),
  };
}

/** Three dimensions are grey images, however many: the format says so. */
function stackAxesOf({ dims }: IdxFile) {
  const [count = 0, height = 0, width = 0] = dims;
  return dims.length === 3 ? ({ count, height, width, channels: 1, channelsFirst: false } as const) : stackAxes(dims);
}

async function openLabels(
  files: IdxFiles,
  images: string,
): Promise<{ name: string; path: string; file: IdxFile } | undefined> {
  for (const name of labelNames(images)) {
    if (!(await files.has(name))) continue;
    const path = files.pathOf(name);
    return { name, path, file: await readIdx(await files.read(name, MAX_IDX_BYTES), path, 'labels') };
  }
  return undefined;
}
