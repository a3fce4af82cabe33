import { basename } from 'node:path/posix';
import {
  identifyBytes,
  NUMPY_GLOBALS,
  PickledArray,
  PickleParseError,
  type PickleValue,
  readPickle,
} from '@edm2/tensor-files';
import { openFailure as failure } from '../errors.js';
import { type FileSource, readHead } from '../file-source.js';
import { classLabels, type Labels } from '../labels.js';
import type { Stack } from './stack-samples.js';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;

/** Both datasets in their versions for Python: a pickled dictionary in each file. Names are the files', and the keys in them. */
interface Kind {
  readonly name: string;
  readonly train: RegExp;
  readonly test: RegExp;
  readonly labels: string;
  /** File of the classes' names, and their key. */
  readonly meta: string;
  readonly classes: string;
}

const KINDS: readonly Kind[] = [
  {
    name: 'CIFAR-10',
    train: /^data_batch_\d+$/,
    test: /^test_batch$/,
    labels: 'labels',
    meta: 'batches.meta',
    classes: 'label_names',
  },
  {
    name: 'CIFAR-100',
    train: /^train$/,
    test: /^test$/,
    labels: 'fine_labels',
    meta: 'meta',
    classes: 'fine_label_names',
  },
];

/** A file of images: 155 MB of CIFAR-100, whose 50,000 images are in one. */
const MAX_PICKLE_BYTES = 2 ** 28;
/** Names of a hundred classes take 3 kB. */
const MAX_META_BYTES = 2 ** 20;
/** Images of one file: CIFAR-100's 50,000, with room for a set of one's own in the same form. */
const MAX_FILE_IMAGES = 2 ** 20;

/** Files of CIFAR's version for Python. */
interface CifarPickles {
  readonly kind: Kind;
  readonly images: readonly string[];
  readonly meta: string | undefined;
  readonly others: readonly string[];
}

/**
 * Finds CIFAR-10 or CIFAR-100 among files as Python's tools fetch them (`cifar-10-batches-py`, `cifar-100-python`).
 *
 * @returns undefined where there is none: names and first bytes both tell.
 */
export async function findCifarPickles(
  source: FileSource,
  names: readonly string[],
  split: 'train' | 'test',
): Promise<CifarPickles | undefined> {
  for (const kind of KINDS) {
    const images = names.filter((name) => kind[split].test(basename(name)));
    if (images.length === 0) continue;
    const heads = await Promise.all(images.map((name) => readHead(source, name, 64)));
    if (!heads.every((head) => identifyBytes(head)?.kind === 'pickle')) continue;
    const meta = names.find((name) => basename(name) === kind.meta);
    return { kind, images, meta, others: names.filter((name) => !images.includes(name) && name !== meta) };
  }
  return undefined;
}

/**
 * Reads them. Nothing in the files is executed: arrays of numbers, lists, texts and dictionaries are all that they may hold.
 *
 * @throws {DatasetError} (rejects) corrupt-image where a file holds anything else; bad-label when a label has no class.
 */
export async function openCifarPickles(
  source: FileSource,
  { kind, images, meta, others }: CifarPickles,
  path: string,
  { useLabels }: { readonly useLabels: boolean },
): Promise<Stack> {
  const rows: Uint8Array[] = [];
  const classes: number[] = [];
  for (const name of images) {
    const batch = await dictionaryOf(source, name, MAX_PICKLE_BYTES);
    const data = batch.get('data');
    if (!(data instanceof PickledArray && data.dtype === '|u1' && data.shape.length === 2 && data.shape[1] === PIXELS))
      throw odd(source, name, `"data" to be an array uint8 [N, ${PIXELS}]`, describe(data));
    const [count = 0] = data.shape;
    if (count > MAX_FILE_IMAGES) throw odd(source, name, `at most ${MAX_FILE_IMAGES} images`, `${count}`);
    for (let i = 0; i < count; i++) rows.push((data.data as Uint8Array).subarray(i * PIXELS, (i + 1) * PIXELS));
    if (!useLabels) continue;
    const labels = batch.get(kind.labels);
    if (!Array.isArray(labels) || labels.length !== count || !labels.every((label) => typeof label === 'number'))
      throw odd(source, name, `"${kind.labels}" to be ${count} whole numbers`, describe(labels));
    for (const label of labels) classes.push(label as number);
  }
  const names = meta === undefined || !useLabels ? [] : await classNames(source, meta, kind.classes);
  const dim = names.length > 0 ? names.length : undefined;
  const labels: Labels = useLabels
    ? classLabels(classes, dim, (i) => `${images[0]}, image ${i}`, names)
    : { kind: 'none' };
  return {
    kind: 'array',
    path,
    name: kind.name,
    axes: { count: rows.length, height: SIDE, width: SIDE, channels: 3, channelsFirst: true },
    labels,
    report: {
      root: '',
      passedOver: others.length
        ? [{ extension: '', reason: `beside ${kind.name}`, count: others.length, example: others[0] as string }]
        : [],
      labels: useLabels ? { from: 'array', why: `of ${kind.name}` } : { from: 'none', why: 'left out as asked' },
      changes: [],
    },
    values: (index) => rows[index] as Uint8Array,
    identity: () => source.identity(images),
    close: () => source.close(),
  };
}

async function dictionaryOf(source: FileSource, name: string, maxBytes: number): Promise<Map<string, PickleValue>> {
  const bytes = await source.read(name, maxBytes);
  let value: PickleValue;
  try {
    value = readPickle(bytes, { allow: NUMPY_GLOBALS, file: source.pathOf(name) });
  } catch (cause) {
    if (!(cause instanceof PickleParseError)) throw cause;
    throw failure(
      'corrupt-image',
      source.pathOf(name),
      'a pickle of arrays and lists',
      `"${cause.message}"`,
      AGAIN,
      cause,
    );
  }
  if (!(value instanceof Map)) throw odd(source, name, 'a dictionary', describe(value));
  // Python 2 wrote the keys, and Python 3 may read them as bytes and write those.
  const textOf = (key: PickleValue): string =>
    key instanceof Uint8Array ? Buffer.from(key).toString('latin1') : String(key);
  return new Map([...value].map(([key, each]) => [textOf(key), each]));
}

async function classNames(source: FileSource, meta: string, key: string): Promise<string[]> {
  const names = (await dictionaryOf(source, meta, MAX_META_BYTES)).get(key);
  if (!Array.isArray(names)) throw odd(source, meta, `"${key}" to be a list of names`, describe(names));
  return names.map((name) => (name instanceof Uint8Array ? Buffer.from(name).toString('latin1') : String(name)));
}

const AGAIN = 'Fetch the file again';

const odd = (source: FileSource, name: string, expected: string, got: string) =>
  failure('corrupt-image', source.pathOf(name), expected, got, AGAIN);

function describe(value: PickleValue | undefined): string {
  if (value === undefined) return 'none';
  if (value instanceof PickledArray) return `${value.dtype} [${value.shape.join(', ')}]`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return value instanceof Map ? 'a dictionary' : typeof value;
}
