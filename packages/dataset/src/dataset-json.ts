import type { FileSource } from './file-source.js';
import { classLabels, type Labels, labelError } from './labels.js';
import { MAX_LABEL_DIM } from './limits.js';

const SHAPE = '{"labels": [["file name", label], …]} or {"labels": null}';

/** What dataset.json says. */
export interface DatasetJson {
  readonly labels: Labels;
  /** Whether it says that there are none. */
  readonly none: boolean;
  /** Labels of files that are not images of the dataset. */
  readonly unused: readonly string[];
  /** Its further fields, where it has any. */
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** The images that the labels are for. */
export interface LabelledFiles {
  readonly kind: FileSource['kind'];
  /** As dataset.json has them, '/' between folders. */
  readonly names: readonly string[];
  /** Whether a name is that of a file, read or not. */
  has(name: string): boolean;
  pathOf(name: string): string;
}

/**
 * Reads the text of EDM2's dataset.json, `{ "labels": [["name", 3], …] }`; `"labels": null` means none. A label is a class
 * index, or a list of numbers, the same kind for every image.
 *
 * @throws {DatasetError} bad-json, bad-label, missing-label; for a zip missing-image.
 */
export function parseDatasetJson(
  text: string,
  files: LabelledFiles,
  { useLabels, labelDim }: { readonly useLabels: boolean; readonly labelDim: number | undefined },
): DatasetJson {
  const { labels: rows, ...notes } = readObject(text, files.pathOf('dataset.json'));
  const found = useLabels ? labelsOf(rows ?? null, files, { labelDim, classNames: namesOf(notes) }) : undefined;
  return {
    labels: found?.labels ?? { kind: 'none' },
    none: useLabels && found === undefined,
    unused: found?.unused ?? [],
    ...(Object.keys(notes).length > 0 ? { notes } : {}),
  };
}

function labelsOf(
  rows: unknown,
  files: LabelledFiles,
  wanted: Wanted,
): { labels: Labels; unused: readonly string[] } | undefined {
  const { names, pathOf } = files;
  const byName = readRows(rows, pathOf('dataset.json'));
  if (!byName) return undefined;

  // macOS writes accents apart from their letters; the file's names and the text's may differ in that alone.
  const plain = names.every((name) => byName.has(name)) ? byName : normalised(byName);
  const keyOf = plain === byName ? (name: string) => name : (name: string) => name.normalize();
  const labels = names.map((name) => plain.get(keyOf(name)));
  const unlabelled = names[labels.indexOf(undefined)];
  if (unlabelled !== undefined) {
    const count = labels.filter((label) => label === undefined).length;
    const got = `${count} images without one, ${pathOf(unlabelled)} first`;
    const remedy = 'Add them to dataset.json, or set its "labels" to null';
    throw labelError('missing-label', pathOf(unlabelled), `a label for each of ${names.length} images`, got, remedy);
  }
  const used = new Set(names.map(keyOf));
  const unused = [...plain.keys()].filter((name) => !used.has(name));
  // An archive is written by a tool in one go, so a label without a file is damage; in a folder someone may have removed it on purpose.
  const missing = files.kind !== 'folder' ? unused.find((name) => !files.has(name)) : undefined;
  if (missing !== undefined) {
    const expected = `an image for each of ${plain.size} labels`;
    const got = `${names.length} images, without ${pathOf(missing)}`;
    throw labelError('missing-image', pathOf(missing), expected, got, `Write the ${files.kind} again`);
  }
  const parsed = labels.some(Array.isArray) ? vectors(labels, files, wanted.labelDim) : classes(labels, files, wanted);
  return { labels: parsed, unused };
}

/** What decides how wide labels are. */
interface Wanted {
  readonly labelDim: number | undefined;
  /** Names of all classes; empty: unknown. */
  readonly classNames: readonly string[];
}

/** The names of classes that this project writes beside the labels. */
function namesOf({ classes: names }: Readonly<Record<string, unknown>>): readonly string[] {
  const valid =
    Array.isArray(names) && names.length <= MAX_LABEL_DIM && names.every((name) => typeof name === 'string');
  return valid ? names : [];
}

const normalised = (rows: ReadonlyMap<string, unknown>): Map<string, unknown> =>
  new Map([...rows].map(([name, label]) => [name.normalize(), label]));

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
      return [row[0].replaceAll('\\', '/').replace(/^(\.?\/)+/, ''), row[1]];
    }),
  );
}

function classes(
  labels: readonly unknown[],
  { names, pathOf }: LabelledFiles,
  { labelDim, classNames }: Wanted,
): Labels {
  const numbers = labels.map((label, i) => {
    if (typeof label === 'number') return label;
    const path = pathOf(names[i] ?? '');
    throw labelError('bad-label', path, 'a class index', `${preview(label)} for ${path}`, 'Correct the label');
  });
  // A part of a dataset has the classes of the whole, whichever of them occur in it.
  const fit = numbers.every((label) => label < classNames.length) ? classNames : [];
  return classLabels(numbers, labelDim ?? (fit.length || undefined), (i) => pathOf(names[i] ?? ''), fit);
}

function vectors(labels: readonly unknown[], { names, pathOf }: LabelledFiles, labelDim: number | undefined): Labels {
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
