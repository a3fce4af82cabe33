import { DatasetError, type DatasetErrorCode } from './errors.js';
import { MAX_LABEL_DIM } from './limits.js';

/** Labels of all images of a dataset, in the order of the images. */
export type Labels =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'class';
      readonly dim: number;
      readonly classes: Int32Array;
      readonly classNames: readonly string[];
    }
  | { readonly kind: 'vector'; readonly dim: number; readonly vectors: readonly Float32Array[] };

const fail = (code: DatasetErrorCode, file: string, expected: string, got: string, remedy: string, cause?: unknown) =>
  new DatasetError({ code, where: 'openDataset', file, expected, got, remedy, cause });

/**
 * Checks class indices and fixes their one-hot width.
 *
 * @param classes - one per image.
 * @param labelDim - required width; default `max + 1`, as the published reader has it.
 * @param fileOf - what an error names for image i.
 */
export function classLabels(
  classes: ArrayLike<number>,
  labelDim: number | undefined,
  fileOf: (index: number) => string,
  classNames: readonly string[] = [],
): Labels {
  const bound = labelDim ?? MAX_LABEL_DIM;
  let dim = labelDim ?? 0;
  for (let i = 0; i < classes.length; i++) {
    const label = classes[i] ?? Number.NaN;
    if (!Number.isInteger(label) || label < 0 || label >= bound) {
      throw fail(
        'bad-label',
        fileOf(i),
        `a class index from 0 to ${bound - 1}`,
        `label ${label} for ${fileOf(i)}`,
        labelDim === undefined ? 'Correct the label' : 'Correct the label or raise labelDim',
      );
    }
    dim = Math.max(dim, label + 1);
  }
  return { kind: 'class', dim, classes: Int32Array.from(classes), classNames };
}

/**
 * Labels from the text of EDM2's dataset.json, `{ "labels": [["name", 3], …] }`; `"labels": null` means none.
 *
 * @param file - path of the JSON, for errors.
 * @param names - images of the dataset, sorted.
 * @param complete - whether a label without its image is an error.
 */
export function parseDatasetJson(
  text: string,
  file: string,
  names: readonly string[],
  { labelDim, complete }: { readonly labelDim?: number | undefined; readonly complete: boolean },
): Labels {
  const shape = '{"labels": [["file name", label], …]} or {"labels": null}';
  const remedy = 'Write the dataset again, or delete dataset.json to take labels from folder names';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fail('bad-json', file, shape, `text that is not JSON in ${file}`, remedy, cause);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw fail('bad-json', file, shape, `something else in ${file}`, remedy);
  const list: unknown = 'labels' in json ? json.labels : null;
  if (list === null) return { kind: 'none' };
  if (!Array.isArray(list)) throw fail('bad-json', file, shape, `"labels" as ${typeof list} in ${file}`, remedy);

  const byName = new Map<string, unknown>();
  for (const [i, row] of list.entries()) {
    if (!Array.isArray(row) || row.length !== 2 || typeof row[0] !== 'string')
      throw fail('bad-json', file, shape, `${preview(row)} as entry ${i} of "labels" in ${file}`, remedy);
    byName.set(row[0].replaceAll('\\', '/'), row[1]);
  }
  const rows = names.map((name) => byName.get(name));
  const missing = rows.indexOf(undefined);
  if (missing >= 0) {
    const count = rows.filter((row) => row === undefined).length;
    throw fail(
      'missing-label',
      names[missing] ?? file,
      `a label for each of the ${names.length} images`,
      `${count} without one in ${file}, the first is ${names[missing]}`,
      'Add the missing entries, or set "labels" to null',
    );
  }
  if (complete && byName.size > names.length) {
    const present = new Set(names);
    const absent = [...byName.keys()].find((name) => !present.has(name)) ?? '';
    throw fail(
      'missing-image',
      absent,
      `an image for each of the ${byName.size} labels`,
      `${names.length} images; ${absent} is not there`,
      'Write the dataset again',
    );
  }
  return rows.some(Array.isArray)
    ? vectorLabels(rows, names, labelDim)
    : classLabels(rows.map(toNumber), labelDim, (i) => names[i] ?? file);
}

const toNumber = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);
const preview = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 60);

function vectorLabels(rows: readonly unknown[], names: readonly string[], labelDim: number | undefined): Labels {
  const first = rows.find(Array.isArray);
  const dim = labelDim ?? first?.length ?? 0;
  if (dim < 1 || dim > MAX_LABEL_DIM) {
    throw fail(
      'bad-label',
      names[0] ?? '',
      `label vectors of 1 to ${MAX_LABEL_DIM} numbers`,
      `${dim}`,
      'Correct the labels',
    );
  }
  const vectors = rows.map((row, i) => {
    if (Array.isArray(row) && row.length === dim && row.every(Number.isFinite))
      return Float32Array.from(row as number[]);
    const name = names[i] ?? '';
    throw fail(
      'bad-label',
      name,
      `a list of ${dim} finite numbers`,
      `${preview(row)} for ${name}`,
      'Correct the label',
    );
  });
  return { kind: 'vector', dim, vectors };
}

/** Names as the published tool writes them: index in eight digits, the folder its first five. Such folders mean nothing. */
const SHARD = /^(\d{5})\/[^/]*?\1\d{3}\.[^./]+$/;

/**
 * Labels from top-level folders: the index of the folder in sorted order, where there is more than one.
 *
 * @param names - images, sorted.
 */
export function folderLabels(names: readonly string[], labelDim: number | undefined): Labels {
  const folders = names.map((name) => name.slice(0, Math.max(name.indexOf('/'), 0)));
  const classNames = [...new Set(folders)].sort();
  if (classNames.length < 2 || names.every((name) => SHARD.test(name))) return { kind: 'none' };
  const stray = folders.indexOf('');
  if (stray >= 0) {
    throw fail(
      'missing-label',
      names[stray] ?? '',
      'every image in the folder of its class, or all in one folder',
      `${names[stray]} outside any folder beside folders such as ${classNames[1]}`,
      'Move it into a folder, or open with labels: false',
    );
  }
  const index = new Map(classNames.map((name, i) => [name, i]));
  const classes = folders.map((folder) => index.get(folder) ?? -1);
  return classLabels(classes, labelDim, (i) => names[i] ?? '', classNames);
}

/** Width of a label, 0 without. */
export const labelDimOf = (labels: Labels): number => (labels.kind === 'none' ? 0 : labels.dim);
