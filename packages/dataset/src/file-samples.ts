import { type DatasetJson, parseDatasetJson } from './dataset-json.js';
import { type Decoded, decodeImage } from './decode-image.js';
import { decodeNpy } from './decode-npy.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import type { FileSource } from './file-source.js';
import { folderLabels } from './folder-labels.js';
import type { Samples } from './samples.js';
import { checkPowerOfTwo } from './shape.js';

export interface FileOptions {
  readonly resolution: number | undefined;
  readonly channels: 1 | 3 | undefined;
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
}

/**
 * Images and arrays of a folder or zip. The first one, in sorted order, decides size, channels and kind; each one read later
 * must agree.
 *
 * @throws {DatasetError} when there is none, the first is unusable, or the labels are.
 */
export async function openFiles(source: FileSource, root: string, options: FileOptions): Promise<Samples> {
  const { names } = source;
  const nameOf = (index: number): string => names[index] ?? '';
  const decode = async (name: string): Promise<Decoded> => {
    const bytes = await source.read(name);
    const path = source.pathOf(name);
    return /\.npy$/i.test(name) ? decodeNpy(bytes, path) : decodeImage(bytes, path, options.channels);
  };

  const firstName = names[0];
  if (firstName === undefined) {
    throw new DatasetError({
      code: 'empty',
      where: 'openDataset',
      file: root,
      expected: 'images (PNG, JPEG, WebP, TIFF, GIF, AVIF, NPY) or IDX files',
      got: `none in ${root}`,
      remedy: 'Check the path',
    });
  }
  const { labels, notes } = await readLabels(source, options);
  const first = await decode(firstName);
  checkFirst(first, source.pathOf(firstName), options.resolution);
  const dtype = first.data instanceof Float32Array ? 'float32' : 'uint8';

  return {
    kind: source.kind,
    count: names.length,
    resolution: first.height,
    channels: first.channels,
    dtype,
    labels,
    ...(notes ? { notes } : {}),
    name: nameOf,
    read: async (index) => {
      const name = nameOf(index);
      const image = await decode(name);
      checkSame(image, first, source.pathOf(name), source.pathOf(firstName));
      return image.data;
    },
    worthCaching: true,
    identity: () => source.identity(),
    close: () => source.close(),
  };
}

async function readLabels(source: FileSource, { useLabels, labelDim }: FileOptions): Promise<DatasetJson> {
  const json = await source.readJson();
  if (json !== undefined) return parseDatasetJson(json, source, { useLabels, labelDim });
  return { labels: useLabels ? folderLabels(source, labelDim) : { kind: 'none' } };
}

function checkFirst({ height, width }: Decoded, path: string, resolution: number | undefined): void {
  if (height !== width) {
    throw new DatasetError({
      code: 'not-square',
      where: 'openDataset',
      file: path,
      expected: 'square images',
      got: `${width}×${height} in ${path}`,
      remedy: 'Crop the images to squares',
    });
  }
  checkPowerOfTwo('openDataset', path, height);
  if (resolution !== undefined && resolution !== height) {
    throw new DatasetError({
      code: 'wrong-resolution',
      where: 'openDataset',
      file: path,
      expected: `images of ${resolution}×${resolution}`,
      got: `${width}×${height} in ${path}`,
      remedy: 'Resize the images or leave the resolution out',
    });
  }
}

function checkSame(image: Decoded, first: Decoded, path: string, firstPath: string): void {
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string) =>
    new DatasetError({
      code,
      where: 'Dataset.read',
      file: path,
      expected: `${expected} as in ${firstPath}`,
      got: `${got} in ${path}`,
      remedy,
    });
  if (image.height !== first.height || image.width !== first.width)
    throw fail(
      'mixed-size',
      `${first.width}×${first.height}`,
      `${image.width}×${image.height}`,
      'Bring all images to one size',
    );
  if (image.data.constructor !== first.data.constructor)
    throw fail('mixed-channels', kindOf(first), kindOf(image), 'Keep images and arrays in separate datasets');
  if (image.channels !== first.channels) {
    const remedy =
      first.channels <= 3 ? 'Open with channels: 3 (or 1) to convert all' : 'Write all arrays with the same shape';
    throw fail('mixed-channels', channelsOf(first), channelsOf(image), remedy);
  }
}

const kindOf = ({ data }: Decoded): string => (data instanceof Float32Array ? 'float32 values' : '8-bit values');
const channelsOf = ({ channels }: Decoded): string => `${channels} channel${channels === 1 ? '' : 's'}`;
