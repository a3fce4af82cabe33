import { basename } from 'node:path/posix';
import { DatasetError } from '../errors.js';
import type { FileSource } from '../file-source.js';
import { classLabels, type Labels } from '../labels.js';
import type { PassedOver } from '../report.js';
import type { Stack } from './stack-samples.js';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;

/** Both datasets in their binary versions: a record is one or two labels, then the red, green and blue plane. */
interface Kind {
  readonly name: string;
  /** Labels before the pixels; the last one is the class. */
  readonly labels: 1 | 2;
  readonly train: RegExp;
  readonly test: RegExp;
  /** File of the classes' names, a line each. */
  readonly classes: RegExp;
}

const KINDS: readonly Kind[] = [
  {
    name: 'CIFAR-10',
    labels: 1,
    train: /^data_batch_\d+\.bin$/,
    test: /^test_batch\.bin$/,
    classes: /^batches\.meta\.txt$/,
  },
  { name: 'CIFAR-100', labels: 2, train: /^train\.bin$/, test: /^test\.bin$/, classes: /^fine_label_names\.txt$/ },
];

/** Text of a few hundred words. */
const MAX_NAMES_BYTES = 2 ** 16;

/** Files of CIFAR's binary version. */
interface CifarFiles {
  readonly kind: Kind;
  readonly images: readonly string[];
  readonly classes: string | undefined;
  readonly others: readonly string[];
}

/**
 * Finds the binary version of CIFAR-10 or CIFAR-100 among files.
 *
 * @returns undefined where there is none: names and lengths both tell.
 */
export async function findCifar(
  source: FileSource,
  names: readonly string[],
  split: 'train' | 'test',
): Promise<CifarFiles | undefined> {
  for (const kind of KINDS) {
    const images = names.filter((name) => kind[split].test(basename(name)));
    const sizes = await Promise.all(images.map((name) => source.size(name)));
    if (images.length === 0 || sizes.some((size) => size === 0 || size % (kind.labels + PIXELS) !== 0)) continue;
    const classes = names.find((name) => kind.classes.test(basename(name)));
    const others = names.filter((name) => !images.includes(name) && name !== classes);
    return { kind, images, classes, others };
  }
  return undefined;
}

/** @throws {DatasetError} (rejects) bad-label when a label has no class. */
export async function openCifar(
  source: FileSource,
  { kind, images, classes, others }: CifarFiles,
  path: string,
  { useLabels }: { readonly useLabels: boolean },
): Promise<Stack> {
  const record = kind.labels + PIXELS;
  const counts = await Promise.all(images.map(async (name) => (await source.size(name)) / record));
  const count = counts.reduce((sum, each) => sum + each, 0);
  /** File and record of an image. */
  const place = (index: number): readonly [string, number] => {
    let rest = index;
    for (const [i, each] of counts.entries()) {
      if (rest < each) return [images[i] as string, rest];
      rest -= each;
    }
    throw new RangeError(`openCifar: expected an index below ${count}, got ${index}. Correct it.`);
  };
  const values = async (index: number): Promise<Uint8Array> => {
    const [name, i] = place(index);
    const start = i * record + kind.labels;
    const part =
      (await source.readPart(name, start, PIXELS)) ?? (await source.read(name)).subarray(start, start + PIXELS);
    if (part.length === PIXELS) return part;
    throw new DatasetError({
      code: 'corrupt-image',
      where: 'openDataset',
      file: source.pathOf(name),
      expected: `${PIXELS} bytes of image ${i}`,
      got: `${part.length} in ${source.pathOf(name)}`,
      remedy: 'Fetch the file again',
    });
  };
  const passedOver: PassedOver[] = others.length
    ? [{ extension: '', reason: `beside ${kind.name}`, count: others.length, example: others[0] as string }]
    : [];
  return {
    kind: 'array',
    path,
    name: kind.name,
    axes: { count, height: SIDE, width: SIDE, channels: 3, channelsFirst: true },
    labels: useLabels ? await labelsOf(source, kind, images, classes) : { kind: 'none' },
    report: {
      root: '',
      passedOver,
      labels: useLabels ? { from: 'array', why: `of ${kind.name}` } : { from: 'none', why: 'left out as asked' },
      changes: [],
    },
    values,
    identity: () => source.identity(images),
    close: () => source.close(),
  };
}

async function labelsOf(
  source: FileSource,
  kind: Kind,
  images: readonly string[],
  classes: string | undefined,
): Promise<Labels> {
  const record = kind.labels + PIXELS;
  const found: number[] = [];
  for (const name of images) {
    const bytes = await source.read(name);
    for (let at = kind.labels - 1; at < bytes.length; at += record) found.push(bytes[at] as number);
  }
  const text = classes === undefined ? '' : new TextDecoder().decode(await source.read(classes, MAX_NAMES_BYTES));
  const names = text.split(/\r?\n/).filter((line) => line !== '');
  const dim = names.length > 0 ? names.length : undefined;
  return classLabels(found, dim, (i) => `${images[0]}, image ${i}`, names);
}
