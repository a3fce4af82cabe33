import type * as tf from '@tensorflow/tfjs-core';
import { seedClass } from './seeds.js';

/**
 * Where labels come from: a number of classes (each seed draws its class, one-hot), a function of the seed that returns its class or
 * its row, or `[seeds, L]` with a row per seed. A class as a number becomes a one-hot row of `labelDim`.
 */
export type SeedLabels = number | ((seed: number) => number | ArrayLike<number>) | tf.Tensor;

/** The label row of the i-th image. All rows of a run have one length. */
export type LabelRow = (index: number) => ArrayLike<number>;

/**
 * Opens the labels of a run.
 *
 * @returns undefined when there are none.
 * @throws {RangeError} when they are not as `SeedLabels` says; of a function's rows, when the row is asked for.
 */
export async function openLabels(
  labels: SeedLabels | undefined,
  labelDim: number | undefined,
  seeds: readonly number[],
): Promise<LabelRow | undefined> {
  if (labelDim !== undefined && !(Number.isInteger(labelDim) && labelDim >= 0))
    fail('labelDim as a whole number, the length of a label row', String(labelDim), "It is the network's labelDim");
  if (labels === undefined) return undefined;
  const seedAt = (index: number): number => seeds[index] as number;
  if (typeof labels === 'function') return checked((index) => rowOf(labels(seedAt(index)), labelDim, seedAt(index)));
  if (typeof labels === 'number') {
    const remedy = 'A number draws each seed a class; for one class give a function, () => class, and labelDim';
    if (!(Number.isInteger(labels) && labels >= 0)) fail('a whole number of classes', String(labels), remedy);
    if (labelDim !== undefined && labels !== labelDim)
      fail(`${labelDim} classes, as labelDim says`, String(labels), remedy);
    return labels === 0 ? undefined : (index) => oneHot(seedClass(seedAt(index), labels), labels);
  }
  return tensorRows(labels, labelDim, seeds.length);
}

async function tensorRows(labels: tf.Tensor, labelDim: number | undefined, count: number): Promise<LabelRow> {
  const [rows, width = 0] = labels.shape;
  const expected = `labels of shape [${count}, ${labelDim ?? 'L'}], one row of length ${labelDim ?? 'L'} for each seed`;
  if (labels.rank !== 2 || rows !== count || (labelDim !== undefined && width !== labelDim))
    fail(expected, `[${labels.shape}]`, 'Class numbers become rows with tf.oneHot(classes, labelDim)');
  const values = await labels.data();
  return (index) => Float32Array.from(values.subarray(index * width, (index + 1) * width));
}

function rowOf(label: unknown, labelDim: number | undefined, seed: number): ArrayLike<number> {
  if (typeof label === 'number') {
    if (labelDim === undefined)
      fail(
        `a row of labels for seed ${seed}, or a class and labelDim`,
        `class ${label}`,
        'Give labelDim: the number of classes',
      );
    if (!(Number.isInteger(label) && label >= 0 && label < labelDim))
      fail(`a class from 0 to ${labelDim - 1} for seed ${seed}`, String(label), 'labelDim is the number of classes');
    return oneHot(label, labelDim);
  }
  const row = label as Partial<ArrayLike<number>> | null | undefined;
  if (typeof row !== 'object' || row === null || typeof row.length !== 'number')
    fail(`a class or a row of numbers for seed ${seed}`, describe(label), 'A tensor is read with dataSync()');
  if (labelDim !== undefined && row.length !== labelDim)
    fail(`a row of length ${labelDim} for seed ${seed}`, `length ${row.length}`, 'labelDim is the number of classes');
  return row as ArrayLike<number>;
}

/** The same row function, which demands one length of all. */
function checked(row: LabelRow): LabelRow {
  let length: number | undefined;
  return (index) => {
    const values = row(index);
    length ??= values.length;
    if (values.length !== length)
      fail('label rows of one length', `${length} and ${values.length}`, 'Every seed has the same number of classes');
    return values;
  };
}

function oneHot(index: number, length: number): Float32Array {
  const row = new Float32Array(length);
  row[index] = 1;
  return row;
}

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null ? 'an object' : String(value);

function fail(expected: string, actual: string, remedy: string): never {
  throw new RangeError(`sampleSeeds: expected ${expected}, got ${actual}. ${remedy}.`);
}
