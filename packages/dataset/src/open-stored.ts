import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseNpyHeader } from '@edm2/tensor-files';
import { holdsSeveral } from './decode/decode-npy.js';
import { remedyOfReason } from './decode/foreign-kind.js';
import { DatasetError } from './errors.js';
import { type FileSource, isHidden, readHead } from './file-source.js';
import { openFolder, openSingle, readBounded } from './folder-source.js';
import { findLayout, type Layout } from './layout.js';
import { besideFile, locate, type Place } from './locate.js';
import type { ColumnWishes } from './parquet/choose-columns.js';
import { isParquet } from './parquet/find-shards.js';
import { openParquet } from './parquet/open-parquet.js';
import { countPassedOver, isUnreadImage, type SortedFiles, sortFiles } from './sort-files.js';
import type { Spelling } from './spelling.js';
import { openArrayStack } from './stack/array-stack.js';
import { findCifar, openCifar } from './stack/cifar.js';
import { findCifarPickles, openCifarPickles } from './stack/cifar-python.js';
import { findIdx, isAnyIdxName } from './stack/find-idx.js';
import { type IdxFiles, openIdx } from './stack/idx-stack.js';
import type { Stack } from './stack/stack-samples.js';
import { openTar } from './tar-source.js';
import { openZip } from './zip-source.js';

/** What decides how a path is understood. */
export interface StoredOptions {
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
  readonly split: 'train' | 'test' | undefined;
  /** Columns of a table that the caller chose. */
  readonly columns?: ColumnWishes | undefined;
  readonly spelling: Spelling;
}

/** Images as they are stored, nothing of them decoded: one array of all, or a file each. */
export type Stored =
  | { readonly kind: 'stack'; readonly stack: Stack }
  | { readonly kind: 'files'; readonly source: FileSource; readonly sorted: SortedFiles; readonly layout: Layout };

export const closeStored = (stored: Stored): Promise<void> =>
  (stored.kind === 'stack' ? stored.stack : stored.source).close();

/** Finds the images at a path. Whoever gets them closes the source or the stack. @throws {DatasetError} as `openDataset` says. */
export async function openStored(path: string, options: StoredOptions): Promise<Stored> {
  const place = await locate(path, options.spelling);
  if (place.kind === 'idx') return stackOf(openIdx(filesBeside(place.path), besideFile(place.path).name, options));
  if (place.kind === 'parquet') {
    const [folder, name] = [dirname(place.path), basename(place.path)];
    const source = await openParquet(place.path, [name], (each) => join(folder, each), {
      ...options,
      split: undefined,
    });
    return filesOf(source, options.spelling);
  }
  const source = await sourceOf(place);
  try {
    return await openSource(source, place, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Images that are all of a source, in order. */
async function filesOf(source: FileSource, spelling: Spelling): Promise<Stored> {
  try {
    const sorted = await sortFiles(source, source.names);
    return { kind: 'files', source, sorted, layout: findLayout(source, sorted, '', spelling) };
  } catch (error) {
    await source.close();
    throw error;
  }
}

const stackOf = async (stack: Promise<Stack>): Promise<Stored> => ({ kind: 'stack', stack: await stack });

async function sourceOf({ kind, path }: Place): Promise<FileSource> {
  if (kind === 'folder') return openFolder(path);
  if (kind === 'tar' || kind === 'tar.gz') return openTar(path, kind === 'tar.gz');
  return kind === 'npy' ? openSingle(path) : openZip(path);
}

async function openSource(source: FileSource, place: Place, options: StoredOptions): Promise<Stored> {
  const { kind, path, inside } = place;
  const { split, spelling } = options;
  if (kind === 'npy' || kind === 'npz')
    return stackOf(
      openArrayStack(source, source.names.filter(isArray), path, [], { ...options, chosen: inside || undefined }),
    );

  const prefix = inside === '' ? '' : `${inside.replaceAll('\\', '/')}/`;
  const names = source.names.filter((name) => name.startsWith(prefix));
  const chosen = source.names.includes(inside) ? inside : undefined;
  const files = idxFilesOf(source, chosen === undefined ? names : source.names);
  const images = chosen ?? findIdx(names, split ?? 'train', source.pathOf, spelling);
  // Kaggle keeps a file in a folder of its own name, and its labels in another beside.
  if (kind === 'folder' && images === basename(resolve(path))) {
    await source.close();
    return stackOf(openIdx(filesBeside(join(path, images)), besideFile(join(path, images)).name, options));
  }
  if (images !== undefined) return stackOf(openIdx(files, images, options));

  const cifar = await findCifar(source, names, split ?? 'train');
  if (cifar) return stackOf(openCifar(source, cifar, path, options));
  const pickled = await findCifarPickles(source, names, split ?? 'train');
  if (pickled) return stackOf(openCifarPickles(source, pickled, path, options));
  const sorted = await sortFiles(source, names);
  if (await areStacks(source, sorted.samples)) {
    const passedOver = countPassedOver(sorted.others);
    return stackOf(openArrayStack(source, sorted.samples, path, passedOver, { ...options, chosen: undefined }));
  }
  const tables = names.filter((name) => isParquet(name) && !isHidden(name));
  if (sorted.samples.length === 0 && tables.length > 0 && kind === 'folder') {
    const table = await openParquet(path, tables, source.pathOf, options);
    await source.close();
    return filesOf(table, spelling);
  }
  if (split !== undefined)
    throw new DatasetError({
      code: 'unsupported',
      where: 'openDataset',
      file: path,
      expected: 'an IDX or NPZ dataset when a split is asked for',
      got: `a ${source.kind} of images`,
      remedy: 'Leave the split out; if there are folders such as train and test, name the one you mean',
    });
  if (sorted.samples.length === 0) throw nothing(path, sorted);
  return { kind: 'files', source, sorted, layout: findLayout(source, sorted, prefix, spelling) };
}

const isArray = (name: string): boolean => /\.npy$/i.test(name);

/** Arrays that are looked at to tell stacks from arrays of one image each. */
const MAX_STACKS = 64;

/** Whether all samples are arrays, few, and one of them holds several images. */
async function areStacks(source: FileSource, samples: readonly string[]): Promise<boolean> {
  if (samples.length === 0 || samples.length > MAX_STACKS || !samples.every(isArray)) return false;
  for (const name of samples) {
    const head = await readHead(source, name, 4096);
    try {
      if (holdsSeveral(parseNpyHeader(head, name))) return true;
    } catch {
      // Damaged: reading it says so.
    }
  }
  return false;
}

function nothing(path: string, { others }: SortedFiles): DatasetError {
  const passedOver = countPassedOver(others);
  const list = passedOver
    .slice(0, 3)
    .map(
      ({ extension, count, example, reason }) => `${count} ${extension || 'without extension'} (${example}: ${reason})`,
    );
  const unread = passedOver.some(({ reason }) => isUnreadImage(reason));
  return new DatasetError({
    code: 'empty',
    where: 'openDataset',
    file: path,
    expected: 'images (PNG, JPEG, WebP, TIFF, GIF, AVIF, BMP, PNM, NPY), an NPZ, IDX or Parquet files',
    got: `none in ${path}${list.length > 0 ? `, but ${list.join(', ')}${passedOver.length > 3 ? ' and others' : ''}` : ''}`,
    remedy:
      passedOver.map(({ reason }) => remedyOfReason(reason)).find((remedy) => remedy !== undefined) ??
      (unread
        ? 'Convert the images to PNG'
        : [...others.keys()].some(isParquet)
          ? 'Unpack the Parquet files into a folder, and name that'
          : 'Check the path'),
  });
}

/** IDX files of a folder or zip. */
function idxFilesOf(source: FileSource, names: readonly string[]): IdxFiles {
  const all = new Set(names);
  return {
    has: (name) => all.has(name),
    pathOf: (name) => source.pathOf(name),
    read: (name, maxBytes) => source.read(name, maxBytes),
    passedOver: (used) =>
      countPassedOver(
        new Map(
          names
            .filter((name) => !used.has(name) && !name.split('/').some((part) => part.startsWith('.')))
            .map((name) => [name, isAnyIdxName(name) ? 'another IDX file' : 'beside the IDX files']),
        ),
      ),
    close: () => source.close(),
  };
}

/** The files around one that was named by itself. */
function filesBeside(path: string): IdxFiles {
  const { folder } = besideFile(path);
  return {
    has: async (name) => (await stat(join(folder, name)).catch(() => undefined))?.isFile() ?? false,
    pathOf: (name) => join(folder, name),
    read: (name, maxBytes) => readBounded(join(folder, name), maxBytes),
    passedOver: () => [],
    close: async () => {},
  };
}
