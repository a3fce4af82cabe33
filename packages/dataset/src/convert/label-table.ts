import { basename } from 'node:path';
import { readBounded } from '../folder-source.js';
import { classLabels, type Labels, labelError } from '../labels.js';
import { MAX_LABEL_DIM, MAX_TABLE_BYTES } from '../limits.js';
import type { DatasetReport } from '../report.js';
import { type LabelRow, parseLabelRows, type RawLabel } from './label-rows.js';

/** Labels of a table, and what is to be said of them. */
interface TableLabels {
  readonly labels: Labels;
  readonly report: DatasetReport['labels'];
}

/**
 * Labels of images by a table beside them. A row names an image by its path, by the end of its path, or without its extension, as long as
 * one image alone is meant.
 *
 * @param path - of the table: CSV, TSV, JSON or JSONL.
 * @param names - of the images.
 * @throws {DatasetError} (rejects) unreadable, too-large, bad-label; missing-label when an image has none.
 */
export async function readLabelTable(path: string, names: readonly string[]): Promise<TableLabels> {
  const rows = parseLabelRows(new TextDecoder().decode(await readBounded(path, MAX_TABLE_BYTES)), path);
  const { found, unused } = match(rows, names, path);
  const missing = names.findIndex((_, i) => found[i] === undefined);
  if (missing >= 0) {
    const count = names.filter((_, i) => found[i] === undefined).length;
    const got = `${count} without one, ${names[missing]} first, and ${unused.length} rows of other files`;
    const remedy = 'Add rows for them, take the images out, or leave the labels out';
    throw labelError('missing-label', path, `a label in ${path} for each of ${names.length} images`, got, remedy);
  }
  const [example] = unused;
  return {
    labels: labelsOf(found as RawLabel[], names, path),
    report: {
      from: 'table',
      why: `from ${basename(path)}`,
      ...(example === undefined ? {} : { unused: { count: unused.length, example } }),
    },
  };
}

const plain = (name: string): string =>
  name
    .replaceAll('\\', '/')
    .replace(/^(\.?\/)+/, '')
    .normalize();
const withoutExtension = (name: string): string => name.replace(/\.[^./]*$/, '');

/** Several images have this name. */
const SEVERAL = -1;

/** Images by their paths, the ends of their paths, and both without extension. */
function indexNames(names: readonly string[]): Map<string, number> {
  const index = new Map<string, number>();
  const ends = new Map<string, number>();
  const add = (map: Map<string, number>, key: string, i: number): void =>
    void map.set(key, map.has(key) && map.get(key) !== i ? SEVERAL : i);
  for (const [i, raw] of names.entries()) {
    const name = plain(raw);
    add(index, name, i);
    for (let rest = name; ; rest = rest.slice(rest.indexOf('/') + 1)) {
      if (rest !== name) add(ends, rest, i);
      add(ends, withoutExtension(rest), i);
      if (!rest.includes('/')) break;
    }
  }
  // What is a whole path of one image is not the end of another's.
  for (const [key, i] of ends) if (!index.has(key)) index.set(key, i);
  return index;
}

function match(rows: readonly LabelRow[], names: readonly string[], path: string) {
  const index = indexNames(names);
  const found = new Array<RawLabel | undefined>(names.length);
  const unused: string[] = [];
  for (const [name, label] of rows) {
    const i = index.get(plain(name));
    if (i === undefined) unused.push(name);
    else if (i === SEVERAL)
      throw labelError(
        'bad-label',
        path,
        'names that mean one image each',
        `${name}, which several have, in ${path}`,
        'Name the images by their paths',
      );
    else if (found[i] !== undefined && String(found[i]) !== String(label))
      throw labelError(
        'bad-label',
        path,
        'one label for each image',
        `${found[i]} and ${label} for ${name} in ${path}`,
        'Correct the table',
      );
    else found[i] = label;
  }
  return { found, unused };
}

const isNumber = (label: RawLabel): boolean =>
  typeof label === 'number' || (typeof label === 'string' && /^\d+(\.0*)?$/.test(label));

function labelsOf(found: readonly RawLabel[], names: readonly string[], path: string): Labels {
  const pathOf = (i: number): string => `${names[i]} in ${path}`;
  if (found.some((label) => Array.isArray(label))) {
    const dim = (found.find((label) => Array.isArray(label)) as readonly number[]).length;
    const wrong = found.findIndex((label) => !Array.isArray(label) || label.length !== dim || dim > MAX_LABEL_DIM);
    if (wrong >= 0)
      throw labelError(
        'bad-label',
        path,
        `a list of ${Math.min(dim, MAX_LABEL_DIM)} numbers`,
        `${JSON.stringify(found[wrong])} for ${pathOf(wrong)}`,
        'Correct the table',
      );
    return { kind: 'vector', dim, vectors: found.map((label) => Float32Array.from(label as readonly number[])) };
  }
  if (found.every(isNumber)) return classLabels(found.map(Number), undefined, pathOf);
  const classNames = [...new Set(found.map(String))].sort();
  const index = new Map(classNames.map((name, i) => [name, i]));
  return classLabels(
    found.map((label) => index.get(String(label)) as number),
    undefined,
    pathOf,
    classNames,
  );
}
