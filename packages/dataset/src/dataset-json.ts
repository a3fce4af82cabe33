import type { FileSource } from './file-source.js';
import { classLabels, type Labels, labelError } from './labels.js';
import { MAX_LABEL_DIM } from './limits.js';

const SHAPE = '{"labels": [["file name", label], …]} or {"labels": null}';

/** What dataset.json says. */
export interface DatasetJson {
  readonly labels: Labels;
  /** Its further fields, where it has any. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/**
 * Reads the text of EDM2's dataset.json, `{ "labels": [["name", 3], …] }`; `"labels": null` means none. A label is a class
 * index, or a list of numbers, the same kind for every image.
 *
 * @throws {DatasetError} bad-json, bad-label, missing-label; for a zip missing-image.
 */
export function parseDatasetJson(
  text: string,
  source: FileSource,
  { useLabels, labelDim }: { readonly useLabels: boolean; readonly labelDim: number | undefined },
): DatasetJson {
  const { labels: rows, ...notes } = readObject(text, source.pathOf('dataset.json'));
  const labels: Labels = useLabels ? labelsOf(rows ?? null, source, labelDim) : { kind: 'none' };
  return Object.keys(notes).length > 0 ? { labels, notes } : { labels };
}

function labelsOf(rows: unknown, source: FileSource, labelDim: number | undefined): Labels {
  const { names, pathOf } = source;
  const byName = readRows(rows, pathOf('dataset.json'));
  if (!byName) return { kind: 'none' };

  const labels = names.map((name) => byName.get(name));
  const unlabelled = names[labels.indexOf(undefined)];
  if (unlabelled !== undefined) {
    const count = labels.filter((label) => label === undefined).length;
    const got = `${count} without, the first is ${pathOf(unlabelled)}`;
    const remedy = 'Add them to dataset.json, or set its "labels" to null';
    throw labelError('missing-label', pathOf(unlabelled), `a label for each of ${names.length} images`, got, remedy);
  }
  // A zip is written by a tool in one go, so a label without image is damage; in a folder someone may have removed a file on purpose.
  if (source.kind === 'zip' && byName.size > names.length) {
    const present = new Set(names);
    const path = pathOf([...byName.keys()].find((name) => !present.has(name)) ?? '');
    const expected = `an image for each of ${byName.size} labels`;
    throw labelError('missing-image', path, expected, `${names.length} images, without ${path}`, 'Write the zip again');
  }
  return labels.some(Array.isArray) ? vectors(labels, source, labelDim) : classes(labels, source, labelDim);
}

const unreadable = (file: string, got: string, cause?: unknown) =>
  labelError(
    'bad-json',
    file,
    SHAPE,
    `${got} in ${file}`,
    'Write the dataset again, or delete its dataset.json',
    cause,
  );

function readObject(text: string, file: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(file, 'text that is not JSON', cause);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unreadable(file, preview(json));
  return json as Readonly<Record<string, unknown>>;
}

/** Labels by name, undefined for none. */
function readRows(rows: unknown, file: string): Map<string, unknown> | undefined {
  if (rows === null) return undefined;
  if (!Array.isArray(rows)) throw unreadable(file, `"labels": ${preview(rows)}`);
  return new Map(
    rows.map((row: unknown) => {
      if (!Array.isArray(row) || row.length !== 2 || typeof row[0] !== 'string') throw unreadable(file, preview(row));
      return [row[0].replaceAll('\\', '/'), row[1]];
    }),
  );
}

function classes(labels: readonly unknown[], { names, pathOf }: FileSource, labelDim: number | undefined): Labels {
  const numbers = labels.map((label, i) => {
    if (typeof label === 'number') return label;
    const path = pathOf(names[i] ?? '');
    throw labelError('bad-label', path, 'a class index', `${preview(label)} for ${path}`, 'Correct the label');
  });
  return classLabels(numbers, labelDim, (i) => pathOf(names[i] ?? ''));
}

function vectors(labels: readonly unknown[], { names, pathOf }: FileSource, labelDim: number | undefined): Labels {
  const dim = labelDim ?? labels.find(Array.isArray)?.length ?? 0;
  const list = labels.map((label, i) => {
    if (dim <= MAX_LABEL_DIM && isVector(label) && label.length === dim && dim > 0) return Float32Array.from(label);
    const path = pathOf(names[i] ?? '');
    const expected = dim > 0 ? `a list of ${dim} finite numbers` : `lists of 1 to ${MAX_LABEL_DIM} finite numbers`;
    throw labelError('bad-label', path, expected, `${preview(label)} for ${path}`, 'Correct the label');
  });
  return { kind: 'vector', dim, vectors: list };
}

const isVector = (label: unknown): label is number[] => Array.isArray(label) && label.every(Number.isFinite);

const preview = (value: unknown): string => (JSON.stringify(value) ?? 'undefined').slice(0, 60);
