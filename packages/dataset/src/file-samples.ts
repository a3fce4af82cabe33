import { type Decoded, decodeImage } from './decode/decode-image.js';
import { decodeNpy } from './decode/decode-npy.js';
import { imageKind } from './decode/image-kind.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import { readLabels, withoutJson } from './file-labels.js';
import type { FileSource } from './file-source.js';
import type { Layout } from './layout.js';
import { MAX_REPORTED } from './limits.js';
import { hasColour } from './probe-channels.js';
import type { Samples } from './samples.js';
import { CONVERT, checkPowerOfTwo } from './shape.js';
import { countPassedOver, type SortedFiles } from './sort-files.js';
import type { Spelling } from './spelling.js';
import { createTally } from './tally.js';

export interface FileOptions {
  readonly resolution: number | undefined;
  readonly channels: 1 | 3 | undefined;
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
  readonly acceptWarnings: boolean;
  readonly spelling: Spelling;
}

/**
 * Images and arrays of a folder or zip. The first one, in sorted order, decides size and kind; each one read later must agree. Channels
 * are RGB where one image is of colour, else grey.
 *
 * @throws {DatasetError} when there are no images, or the first one or the labels are unusable.
 */
export async function openFiles(
  source: FileSource,
  { samples: names, others }: SortedFiles,
  layout: Layout,
  options: FileOptions,
): Promise<Samples> {
  const nameOf = (index: number): string => names[index] ?? '';
  const decodeAs = async (name: string, channels: 1 | 3 | undefined): Promise<Decoded> => {
    const bytes = await source.read(name);
    const path = source.pathOf(name);
    const kind = imageKind(bytes);
    // Other bytes under an array's name are a damaged array.
    return kind === 'npy' || (kind === undefined && isNpyName(name))
      ? decodeNpy(bytes, path, options.spelling)
      : decodeImage(bytes, path, { ...options, channels });
  };

  const firstName = nameOf(0);
  const labelled = await readLabels(source, names, others, layout, options);
  const stored = await decodeAs(firstName, options.channels).catch((error: unknown) =>
    failWithOthers(error, names, (name) => decodeAs(name, options.channels)),
  );
  const dtype = stored.data instanceof Float32Array ? 'float32' : 'uint8';
  // Grey alone: a colour image that the look at the headers missed is an error then, never turned to grey unasked.
  const channels =
    options.channels ??
    (stored.channels === 3 || (stored.channels === 1 && (await hasColour(source, names))) ? 3 : undefined);
  const first = stored.channels === 1 && channels === 3 ? await decodeAs(firstName, channels) : stored;
  checkFirst(first, source.pathOf(firstName), options.resolution);
  const tally = createTally(names.length, nameOf);

  return {
    kind: source.kind,
    count: names.length,
    resolution: first.height,
    channels: first.channels,
    dtype,
    labels: labelled.labels,
    report: {
      root: layout.root,
      passedOver: [...(source.passedOver ?? []), ...countPassedOver(withoutJson(others, layout))],
      labels: labelled.report,
      changes: source.changes ?? [],
    },
    conversions: () => tally.list(),
    ...(labelled.notes ? { notes: labelled.notes } : {}),
    name: nameOf,
    read: async (index) => {
      const name = nameOf(index);
      const image = await decodeAs(name, channels);
      checkSame(image, first, source.pathOf(name), source.pathOf(firstName));
      tally.add(index, image.conversions);
      return image.data;
    },
    worthCaching: true,
    identity: () => source.identity(names),
    close: () => source.close(),
  };
}

const isNpyName = (name: string): boolean => /\.npy$/i.test(name);

/** Throws the first image's error; it also names the others among the first that are bad. */
async function failWithOthers(
  error: unknown,
  names: readonly string[],
  decode: (name: string) => Promise<unknown>,
): Promise<never> {
  if (!(error instanceof DatasetError)) throw error;
  const problems = [error];
  for (const name of names.slice(1, MAX_REPORTED + 1)) {
    await decode(name).catch((problem: unknown) => {
      if (!(problem instanceof DatasetError)) throw problem;
      problems.push(problem);
    });
  }
  throw problems.length > 1 ? error.withProblems(problems) : error;
}

function checkFirst({ height, width }: Decoded, path: string, resolution: number | undefined): void {
  if (height !== width) {
    throw new DatasetError({
      code: 'not-square',
      where: 'openDataset',
      file: path,
      expected: 'square images',
      got: `${width}×${height} in ${path}`,
      remedy: `Crop the images to squares first: ${CONVERT}`,
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
      remedy: `Resize the images to ${resolution}×${resolution}: ${CONVERT}`,
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
      `Bring all images to one size: ${CONVERT}`,
    );
  if (image.data instanceof Float32Array !== first.data instanceof Float32Array)
    throw fail('mixed-channels', kindOf(first), kindOf(image), 'Keep images and arrays in separate datasets');
  if (image.channels !== first.channels)
    throw fail(
      'mixed-channels',
      channelsOf(first),
      channelsOf(image),
      first.channels === 1 && image.channels === 3
        ? 'Save it as grey, or the others as RGB'
        : 'Write all arrays with the same shape',
    );
}

const kindOf = ({ data }: Decoded): string => (data instanceof Float32Array ? 'float32 values' : '8-bit values');
const channelsOf = ({ channels }: Decoded): string => `${channels} channel${channels === 1 ? '' : 's'}`;
