import { DatasetError, type DatasetErrorCode } from '../errors.js';
import type { FileSource } from '../file-source.js';
import { classLabels, type Labels } from '../labels.js';
import type { PassedOver } from '../report.js';
import type { Spelling } from '../spelling.js';
import { type ArrayFile, describeArray, openArrays, partsOf, readArray, type UnreadArray } from './array-files.js';
import { type StackAxes, stackAxes } from './stack-axes.js';
import type { Stack } from './stack-samples.js';

export interface ArrayOptions {
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
  readonly split: 'train' | 'test' | undefined;
  /** Name of the array that the caller chose. */
  readonly chosen: string | undefined;
  readonly spelling: Spelling;
}

const TRAIN = /(^|[^a-z])(train|training|tr)([^a-z]|$)/i;
const OTHER = /(^|[^a-z])(test|testing|te|t10k|val|valid|validation|dev|eval)([^a-z]|$)/i;
const TEST = /(^|[^a-z])(test|testing|te|t10k)([^a-z]|$)/i;
const LABELS = /label|target|class|^y([^a-z]|$)/i;
const INTEGERS: ReadonlySet<string> = new Set(['|i1', '<i2', '<i4', '<i8', '|u1', '<u2', '<u4', '<u8']);

/**
 * Opens images that are stored as one array, with the array of their labels: `arr_0` and `arr_1` as ADM's samples have them, `x_train`
 * and `y_train`, and the like.
 *
 * @param files - the arrays of the source, all of them.
 * @param passedOver - files that are not arrays.
 * @throws {DatasetError} unsupported, naming what is there, when no array holds images; ambiguous, listing them, when several do.
 */
export async function openArrayStack(
  source: FileSource,
  files: readonly string[],
  root: string,
  passedOver: readonly PassedOver[],
  options: ArrayOptions,
): Promise<Stack> {
  const { spelling, chosen, split } = options;
  const { arrays, unread } = await openArrays(source, files);
  const fail = (code: DatasetErrorCode, expected: string, got: string, remedy: string) =>
    new DatasetError({ code, where: 'openDataset', file: root, expected, got: `${got} in ${root}`, remedy });
  const stacks = arrays.filter(isStack);
  const named = chosen === undefined ? bySplit(stacks, split ?? 'train') : arrays.filter(({ name }) => name === chosen);
  const [images] = named;
  if (!images || !isStack(images)) {
    const list = [
      ...arrays.map((array) => `${array.name} ${describeArray(array)}`),
      ...unread.map(({ file, reason }) => `${file} (${reason})`),
    ];
    throw fail(
      'unsupported',
      chosen === undefined ? 'an array of images, uint8 [N, H, W, C] or [N, C, H, W]' : `an array named ${chosen}`,
      list.slice(0, 8).join(', ') || 'none',
      'Save the images as bytes 0…255 with numpy.savez(path, images=…, labels=…)',
    );
  }
  if (named.length > 1) {
    const choices = named.slice(0, 8).map(({ file, name }) => spelling.path(pathOfArray(source, root, file, name)));
    throw fail(
      'ambiguous',
      'one array of images',
      `${named.length} arrays of images`,
      `Choose one: ${choices.join(', or ')}`,
    );
  }
  const axes = stackAxes(images.header.shape);
  if (typeof axes === 'string')
    throw fail(
      'ambiguous',
      'images [N, H, W], [N, H, W, C] or [N, C, H, W] of bytes',
      axes,
      'Save the array with its channels last, such as [N, H, W, 3] or [N, H, W, 1], as uint8',
    );

  const labels = await labelsOf(source, arrays, images, axes, options, fail);
  const values = await partsOf(source, images, axes.height * axes.width * axes.channels);
  const used = new Set([images.file, ...(labels.file === undefined ? [] : [labels.file])]);
  return {
    kind: 'array',
    path: pathOfArray(source, root, images.file, images.name),
    name: images.name,
    axes,
    labels: labels.labels,
    report: {
      root: '',
      passedOver: [...passedOver, ...unusedArrays(arrays, unread, used)],
      labels: { from: labels.file === undefined ? 'none' : 'array', why: labels.why },
      changes: [],
    },
    values,
    identity: () => source.identity([...used]),
    close: () => source.close(),
  };
}

/** An archive's arrays are chosen by name, a folder's by file. */
const pathOfArray = (source: FileSource, root: string, file: string, name: string): string =>
  source.kind === 'zip' ? `${root}/${name}` : source.pathOf(file);

const isStack = ({ header: { dtype, shape } }: ArrayFile): boolean => {
  const [, a = 0, , c = 0] = shape;
  if (dtype !== '|u1' || shape.includes(0)) return false;
  return shape.length === 3 || (shape.length === 4 && [a, c].some((side) => side === 1 || side === 3 || side === 4));
};

/** Arrays of one split, where names tell splits apart; else all. */
function bySplit(stacks: readonly ArrayFile[], split: 'train' | 'test'): readonly ArrayFile[] {
  if (stacks.length < 2 && split === 'train') return stacks;
  const wanted = split === 'train' ? TRAIN : TEST;
  const found = stacks.filter(({ name }) => wanted.test(name));
  if (found.length > 0 || split === 'test') return found;
  return stacks.filter(({ name }) => !OTHER.test(name));
}

interface ArrayLabels {
  readonly labels: Labels;
  readonly file?: string;
  readonly why: string;
}

async function labelsOf(
  source: FileSource,
  arrays: readonly ArrayFile[],
  images: ArrayFile,
  { count }: StackAxes,
  { useLabels, labelDim, spelling }: ArrayOptions,
  fail: (code: DatasetErrorCode, expected: string, got: string, remedy: string) => DatasetError,
): Promise<ArrayLabels> {
  if (!useLabels) return { labels: { kind: 'none' }, why: 'left out as asked' };
  const isLabels = ({ header: { dtype, shape } }: ArrayFile): boolean =>
    INTEGERS.has(dtype) && shape[0] === count && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
  const sameSplit = (other: ArrayFile): boolean =>
    TRAIN.test(other.name) === TRAIN.test(images.name) && OTHER.test(other.name) === OTHER.test(images.name);
  const fitting = arrays.filter((array) => array !== images && isLabels(array) && sameSplit(array));
  const named = fitting.filter(({ name }) => LABELS.test(name));
  const found = named.length > 0 ? named : fitting;
  const [array] = found;
  if (!array) return { labels: { kind: 'none' }, why: `no array of ${count} whole numbers beside ${images.name}` };
  if (found.length > 1) {
    const without = spelling.option('labels');
    const remedy = `Save the file with one of them${without ? `, or leave labels out: ${without}` : ''}`;
    throw fail('ambiguous', 'one array of labels', found.map(({ name }) => name).join(' and '), remedy);
  }
  const { data } = await readArray(source, array);
  const classes = Float64Array.from({ length: count }, (_, i) => Number(data[i]));
  const labels = classLabels(classes, labelDim, (i) => `${source.pathOf(array.file)}[${i}]`);
  return { labels, file: array.file, why: `from ${array.name}` };
}

const unusedArrays = (
  arrays: readonly ArrayFile[],
  unread: readonly UnreadArray[],
  used: ReadonlySet<string>,
): PassedOver[] => [
  ...arrays
    .filter(({ file }) => !used.has(file))
    .map((array) => ({ extension: '.npy', reason: describeArray(array), count: 1, example: array.name })),
  ...unread.map(({ file, reason }) => ({ extension: '.npy', reason, count: 1, example: file })),
];
