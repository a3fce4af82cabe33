import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { known } from '@edm2/options';
import {
  explainFileError,
  makeFolder,
  type NpyInput,
  readZipDirectory,
  removeLeftovers,
  writeFileAtomic,
  writeNpy,
} from '@edm2/tensor-files';
import { checkPng } from './decode/check-png.js';
import { DatasetError } from './errors.js';
import { isSample } from './file-source.js';
import { CONCURRENCY, MAX_IMAGES } from './limits.js';
import { mapLimit } from './map-limit.js';
import { storedZip } from './stored-zip.js';

/** Options of {@link createWriter}. */
export interface WriterOptions {
  /** `images`: `00000/img00000000.png`; `latents`: `00000/img-mean-std-00000000.npy`. */
  readonly kind: 'images' | 'latents';
  /** What decides the content, plain JSON: a writer that goes on with another's work must have been given the same. Default `{}`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /**
   * False, for images that are quickly made again: single files are left to the system until {@link DatasetWriter.finish}, which is many
   * times faster, and what an interrupted writer left is checked before it counts. Default true: each file is on the disk once it is added.
   */
  readonly sync?: boolean;
}

/** What {@link DatasetWriter.finish} puts into `dataset.json`. */
export interface WriterSummary {
  /** For each index written, in order of the indices; null: the dataset has no labels. */
  readonly labels: readonly (number | readonly number[])[] | null;
  /** Further fields of `dataset.json`, plain JSON. */
  readonly notes?: Readonly<Record<string, unknown>>;
  /** Indices between others may be missing, as the published tool leaves out images that it passes over. Default false. */
  readonly gaps?: boolean;
  /** Called after each file that goes into a zip. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Writes a dataset in EDM2's format, file by file; under its final name it appears when it is whole. */
export interface DatasetWriter {
  /** Where the files are until {@link finish}: a folder that `openDataset` reads. */
  readonly folder: string;
  /** Whether the file of an index is there, from now or from an earlier attempt. */
  has(index: number): boolean;
  /** @param data - a PNG file's bytes, or the array `[channels, height, width]`. */
  add(index: number, data: Uint8Array | NpyInput): Promise<void>;
  /** Takes a file back. */
  remove(index: number): Promise<void>;
  /**
   * Writes `dataset.json`, makes the folder or the zip final and removes what is no longer needed.
   *
   * @throws {RangeError} (rejects) when there are not as many labels as files, or, without `gaps`, a file before the last index is missing.
   */
  finish(summary: WriterSummary): Promise<void>;
}

const SUMMARY = { labels: true, notes: true, gaps: true, onProgress: true, signal: true } as const;
/** Beside the files of an unfinished dataset: what they were made with. */
const SETTINGS = 'settings.json';
/** Files of a sub-folder are those with the same first digits. */
const DIGITS = 8;
const FOLDER_DIGITS = 5;

/**
 * Starts writing a dataset, or goes on with one that was interrupted. Its files wait in `<path>.partial`: half a dataset under its final
 * name would be read as a whole one without labels.
 *
 * @param path - of a folder, or of a zip when it ends in `.zip`; nothing may be there yet.
 * @throws {RangeError} (rejects) when an option is unknown.
 * @throws {DatasetError} (rejects) not-writable, when something is there, or an unfinished dataset was begun with other settings.
 */
export async function createWriter(path: string, options: WriterOptions): Promise<DatasetWriter> {
  const {
    kind,
    settings = {},
    sync = true,
  } = known('createWriter', options, { kind: true, settings: true, sync: true });
  if (kind !== 'images' && kind !== 'latents')
    throw new RangeError(`createWriter: expected kind to be images or latents, got ${kind}. Choose one.`);
  const folder = `${path}.partial`;
  const fail = (expected: string, got: string, remedy: string) =>
    new DatasetError({ code: 'not-writable', where: 'createWriter', file: path, expected, got, remedy });
  const text = `${JSON.stringify({ kind, ...settings }, null, 2)}\n`;
  const stored = await readFile(join(folder, SETTINGS), 'utf8').catch(() => undefined);
  if (await exists(path)) {
    await tidy(path, folder, text);
    throw fail('a new path', `${path}, which is there already`, 'Choose another, or remove it');
  }
  // A writer that was killed before it stored its settings has stored nothing.
  const begun = (await readdir(folder).catch((): string[] => [])).filter((name) => !name.endsWith('.tmp'));
  if (stored === undefined && begun.length > 0)
    throw fail('an unfinished dataset', `${folder} of another kind`, 'Remove it');
  if (stored !== undefined && stored !== text)
    throw fail(
      `the settings that ${folder} was begun with, ${oneLine(stored)}`,
      oneLine(text),
      'Remove that folder to begin anew',
    );
  await makeFolder(folder);
  await removeLeftovers(folder);
  await removeLeftovers(dirname(path), basename(path));
  if (stored === undefined) await writeFileAtomic(join(folder, SETTINGS), text);

  const nameOf = (index: number): string => nameFor(kind, index);
  const present = new Set<string>();
  const made = new Set<string>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    made.add(entry.name);
    await removeLeftovers(join(folder, entry.name));
    for (const name of await readdir(join(folder, entry.name)))
      if (isSample(name) && (sync || (await isWhole(join(folder, entry.name, name)))))
        present.add(`${entry.name}/${name}`);
  }
  return {
    folder,
    has: (index) => present.has(nameOf(index)),
    async add(index, data) {
      const name = nameOf(index);
      const sub = dirname(name);
      if (!made.has(sub)) await makeFolder(join(folder, sub));
      made.add(sub);
      const target = join(folder, name);
      if (!(data instanceof Uint8Array)) await writeNpy(target, data);
      else await (sync ? writeFileAtomic(target, data) : writeLoosely(target, data));
      present.add(name);
    },
    async remove(index) {
      const name = nameOf(index);
      if (present.delete(name)) await rm(join(folder, name));
    },
    async finish(summary) {
      const { labels, notes = {}, gaps = false, onProgress, signal } = known('finish', summary, SUMMARY);
      const names = [...present].sort();
      const missing = gaps ? undefined : names.map((_, index) => nameOf(index)).find((name) => !present.has(name));
      if (missing !== undefined) throw new RangeError(`finish: expected ${missing}, got no such file. Add it first.`);
      if (labels && labels.length !== names.length)
        throw new RangeError(`finish: expected ${names.length} labels, got ${labels.length}. One for each file.`);
      const json = JSON.stringify({ labels: labels?.map((label, i) => [names[i], label]) ?? null, ...notes });
      if (extname(path) === '.zip') {
        await writeFileAtomic(path, storedZip(items(folder, names, json, onProgress)), signal ? { signal } : {});
        await rm(folder, { recursive: true });
      } else {
        if (!sync) await mapLimit(names.length, CONCURRENCY, (i) => syncFile(join(folder, names[i] as string)));
        await writeFileAtomic(join(folder, 'dataset.json'), json);
        // In this order a kill in between leaves a whole dataset, never a folder that has lost its settings.
        await rename(folder, path);
        await rm(join(path, SETTINGS));
      }
    },
  };
}

/** Whether a PNG is whole: a machine that lost its power may leave a file of the right name and other content. */
const isWhole = async (path: string): Promise<boolean> => typeof checkPng(await readFile(path)) === 'object';

/** Writes a file that counts only if it is whole. */
async function writeLoosely(path: string, data: Uint8Array): Promise<void> {
  try {
    await writeFile(path, data);
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw explainFileError(error, { fn: 'createWriter', path });
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes what a process that was killed in its last moments has left: of a folder its settings, of a zip the files that went into it. */
async function tidy(path: string, folder: string, text: string): Promise<void> {
  const same = async (place: string) => (await readFile(join(place, SETTINGS), 'utf8').catch(() => '')) === text;
  if (await same(path)) await rm(join(path, SETTINGS));
  if (extname(path) !== '.zip' || !(await same(folder))) return;
  const zipped = await readZipDirectory(path, { maxEntries: MAX_IMAGES }).catch(() => undefined);
  if (!zipped) return;
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const samples = files.filter(({ name }) => isSample(name));
  // As many, of the same names and lengths, besides dataset.json.
  if (samples.length !== zipped.size - 1) return;
  for (const { parentPath, name } of samples) {
    const file = join(parentPath, name);
    const entry = zipped.get(relative(folder, file).split(sep).join('/'));
    if (entry?.uncompressedSize !== (await stat(file)).size) return;
  }
  await rm(folder, { recursive: true });
}

/** `00000/img00000000.png`, `00000/img-mean-std-00000000.npy`. */
function nameFor(kind: WriterOptions['kind'], index: number): string {
  const digits = String(index).padStart(DIGITS, '0');
  const sub = digits.slice(0, FOLDER_DIGITS);
  return kind === 'images' ? `${sub}/img${digits}.png` : `${sub}/img-mean-std-${digits}.npy`;
}

async function* items(
  folder: string,
  names: readonly string[],
  json: string,
  onProgress: ((done: number, total: number) => void) | undefined,
) {
  for (const [i, name] of names.entries()) {
    yield { name, read: () => readFile(join(folder, name)) };
    onProgress?.(i + 1, names.length);
  }
  yield { name: 'dataset.json', read: async () => Buffer.from(json) };
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
