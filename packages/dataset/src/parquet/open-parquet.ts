import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainFileError } from '@edm2/tensor-files';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { crc32 } from '../crc32.js';
import { imageKind } from '../decode/image-kind.js';
import { DatasetError, type DatasetErrorCode, openFailure } from '../errors.js';
import type { Labelled } from '../file-labels.js';
import type { FileSource } from '../file-source.js';
import { classLabels } from '../labels.js';
import { MAX_FILE_BYTES, MAX_IMAGES } from '../limits.js';
import { packedSource } from '../packed-source.js';
import type { PassedOver } from '../report.js';
import type { Spelling } from '../spelling.js';
import { type ChosenColumns, type ColumnWishes, chooseColumns } from './choose-columns.js';
import { compressors } from './decompress.js';
import { findShards } from './find-shards.js';

/** The footer: schema and the places of all pages, some hundred bytes for each of a thousand groups. */
const MAX_FOOTER_BYTES = 2 ** 26;
/** Bytes of the columns that are read of one group of rows, which is held in memory; `datasets` writes groups of about 100 MB. */
const MAX_GROUP_BYTES = 2 ** 31 - 1;
/** Files of one split: ImageNet-21k has some two thousand. */
const MAX_SHARDS = 2 ** 14;

/** What decides how a table is understood. */
export interface ParquetOptions {
  readonly useLabels: boolean;
  readonly labelDim: number | undefined;
  readonly split: 'train' | 'test' | undefined;
  readonly columns?: ColumnWishes | undefined;
  readonly spelling: Spelling;
}

/** A row's image in the scratch file. */
interface Entry {
  readonly start: number;
  readonly size: number;
  readonly crc: number;
}

/**
 * Opens Hugging Face's image datasets: Parquet files with a column of encoded images and one of classes, all files of one split after
 * another. Pages cannot be read in any order: images are unpacked into a temporary file first, which goes away with `close`.
 *
 * @param files - names of the Parquet files below `root`, sorted.
 * @param pathOf - the path of such a name.
 * @throws {DatasetError} (rejects) as `openDataset` says.
 */
export async function openParquet(
  root: string,
  files: readonly string[],
  pathOf: (name: string) => string,
  options: ParquetOptions,
): Promise<FileSource> {
  const { names, split, passedOver } = findShards(files, options.split, pathOf, options.spelling, (...args) =>
    failAt(root, ...args),
  );
  if (names.length > MAX_SHARDS)
    throw failAt(root, 'too-large', `at most ${MAX_SHARDS} Parquet files`, `${names.length}`, 'Join some of them');
  const scratch = await mkdtemp(join(tmpdir(), 'edm2-parquet-'));
  const clean = () => rm(scratch, { recursive: true, force: true });
  const path = join(scratch, 'images');
  try {
    const handle = await open(path, 'wx+');
    try {
      const table = new Table(handle, path);
      for (const name of names) await readShard(pathOf(name), table, options);
      const source = packedSource('parquet', root, handle, table.entries, async () => {
        await handle.close();
        await clean();
      });
      return { ...source, ...facts(table, names, split, passedOver, options, root) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    await clean();
    throw error;
  }
}

/** Rows that were read so far. */
class Table {
  readonly entries = new Map<string, Entry>();
  readonly labels: (number | string)[] = [];
  columns: ChosenColumns | undefined;
  readonly #handle: FileHandle;
  readonly #path: string;
  #end = 0;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  async add(bytes: Uint8Array): Promise<void> {
    const name = `${String(this.entries.size).padStart(8, '0')}.${EXTENSIONS[imageKind(bytes) ?? ''] ?? 'png'}`;
    await this.#handle.write(bytes, 0, bytes.length, this.#end).catch((cause: unknown) => {
      throw explainFileError(cause, { fn: 'openDataset', path: this.#path });
    });
    this.entries.set(name, { start: this.#end, size: bytes.length, crc: crc32(bytes) });
    this.#end += bytes.length;
  }
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  jpeg: 'jpg',
  pnm: 'ppm',
  ...Object.fromEntries(['png', 'gif', 'webp', 'tiff', 'avif', 'bmp', 'npy'].map((kind) => [kind, kind])),
};

async function readShard(path: string, table: Table, { useLabels, columns, spelling }: ParquetOptions): Promise<void> {
  // An ES module alone, and one that most datasets do without.
  const { parquetMetadataAsync, parquetReadObjects, snappyUncompress } = await import('hyparquet');
  const handle = await open(path);
  const damaged = (got: string, cause?: unknown) =>
    openFailure('corrupt-parquet', path, 'an intact Parquet file', got, 'Fetch the file again', cause);
  const intact = <T>(work: () => Promise<T>): Promise<T> =>
    work().catch((cause: unknown) => {
      throw cause instanceof DatasetError
        ? cause
        : damaged(`"${cause instanceof Error ? cause.message : String(cause)}"`, cause);
    });
  try {
    const file = bufferOf(handle, (await handle.stat()).size);
    const metadata = await intact(async () => {
      await checkFooter(file, damaged);
      const found = await parquetMetadataAsync(file, { geoparquet: false });
      if (!isWhole(found)) throw damaged('a footer without its fields');
      return found;
    });
    const chosen = chooseColumns(metadata, columns ?? {}, useLabels, spelling, (...args) => failAt(path, ...args));
    table.columns ??= chosen;
    if (chosen.image !== table.columns.image || chosen.label !== table.columns.label)
      throw failAt(
        path,
        'unsupported',
        `the columns ${wordsOf(table.columns)} of the files before`,
        wordsOf(chosen),
        'Keep other tables elsewhere',
      );
    const wanted = [chosen.image, ...(chosen.label === undefined ? [] : [chosen.label])];
    let row = 0;
    for (const group of metadata.row_groups) {
      const count = Number(group.num_rows);
      checkGroup(group, wanted, count, table.entries.size, path);
      const read = {
        file,
        metadata,
        columns: wanted,
        rowStart: row,
        rowEnd: row + count,
        utf8: false,
        geoparquet: false,
      };
      const rows = await intact(() => parquetReadObjects({ ...read, compressors: compressors(snappyUncompress) }));
      if (rows.length !== count) throw damaged(`${rows.length} rows of ${count}`);
      for (const each of rows) await takeRow(each, row++, chosen, table, path);
    }
  } finally {
    await handle.close();
  }
}

const wordsOf = ({ image, label }: ChosenColumns): string =>
  [image, ...(label === undefined ? [] : [label])].join(', ');

async function takeRow(
  values: Readonly<Record<string, unknown>>,
  row: number,
  { image, plain, label }: ChosenColumns,
  table: Table,
  path: string,
): Promise<void> {
  const field = values[image];
  const bytes = plain ? field : (field as { bytes?: unknown } | null | undefined)?.bytes;
  if (!(bytes instanceof Uint8Array)) {
    const elsewhere = plain ? undefined : (field as { path?: unknown } | null | undefined)?.path;
    throw failAt(
      path,
      'missing-image',
      `the bytes of an image in ${image}, row ${row}`,
      typeof elsewhere === 'string' ? `a path alone, ${elsewhere}` : 'none',
      'Save the dataset with its images embedded, as push_to_hub and to_parquet do',
    );
  }
  if (bytes.length > MAX_FILE_BYTES)
    throw failAt(
      path,
      'too-large',
      `images of at most ${MAX_FILE_BYTES} bytes`,
      `${bytes.length} in row ${row}`,
      'Make it smaller',
    );
  await table.add(bytes);
  if (label === undefined) return;
  const value = values[label];
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string')
    throw failAt(path, 'missing-label', `a class in ${label}, row ${row}`, 'none', 'Fill it in, or leave labels out');
  table.labels.push(typeof value === 'bigint' ? Number(value) : value);
}

/** @throws {DatasetError} too-large, before anything of a group is read. */
function checkGroup(
  group: FileMetaData['row_groups'][number],
  wanted: readonly string[],
  count: number,
  before: number,
  path: string,
): void {
  if (!(count >= 0 && before + count <= MAX_IMAGES))
    throw failAt(path, 'too-large', `at most ${MAX_IMAGES} images`, `${before} and ${count} more`, 'Split it');
  let bytes = 0;
  for (const { meta_data: column } of group.columns)
    if (column && wanted.includes(column.path_in_schema[0] ?? '')) bytes += Number(column.total_uncompressed_size);
  if (!(bytes >= 0 && bytes <= MAX_GROUP_BYTES))
    throw failAt(
      path,
      'too-large',
      `groups of rows of at most ${MAX_GROUP_BYTES} bytes`,
      `${bytes}`,
      'Write it with smaller row groups',
    );
}

async function checkFooter(file: AsyncBuffer, damaged: (got: string) => DatasetError): Promise<void> {
  if (file.byteLength < 12) throw damaged(`${file.byteLength} bytes`);
  const tail = new DataView(await file.slice(file.byteLength - 8, file.byteLength));
  if (tail.getUint32(4) !== 0x50415231) throw damaged('a file that does not end as it should');
  const size = tail.getUint32(0, true);
  if (size > MAX_FOOTER_BYTES || size > file.byteLength - 12) throw damaged(`a footer of ${size} bytes`);
}

/** Whether the fields are there that are read here: the library takes a footer as it is. */
const isWhole = ({ schema, row_groups: groups }: FileMetaData): boolean =>
  Array.isArray(schema) &&
  schema.length > 0 &&
  schema.every(({ name }) => typeof name === 'string') &&
  Array.isArray(groups) &&
  groups.every(
    ({ columns }) =>
      Array.isArray(columns) &&
      columns.every(({ meta_data: column }) => column === undefined || Array.isArray(column.path_in_schema)),
  );

const bufferOf = (handle: FileHandle, byteLength: number): AsyncBuffer => ({
  byteLength,
  slice: (start, end = byteLength) => {
    const part = readPart(handle, start, Math.min(end, byteLength));
    // It is asked for ahead, and may fail before anyone waits for it.
    part.catch(() => {});
    return part;
  },
});

async function readPart(handle: FileHandle, start: number, end: number): Promise<ArrayBuffer> {
  if (!(start >= 0 && end >= start)) throw new RangeError(`bytes ${start} to ${end}`);
  const bytes = new Uint8Array(end - start);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
  if (bytesRead !== bytes.length) throw new RangeError(`${bytesRead} bytes of ${bytes.length}`);
  return bytes.buffer;
}

/** What is known of the images beside their bytes. */
function facts(
  table: Table,
  names: readonly string[],
  split: string | undefined,
  passedOver: readonly PassedOver[],
  { useLabels, labelDim }: ParquetOptions,
  root: string,
): Pick<FileSource, 'passedOver' | 'labelled' | 'changes'> {
  const { columns, labels } = table;
  const about = `${names.length === 1 ? `${names[0]}` : `${names.length} Parquet files`}${split === undefined || names.length === 1 ? '' : ` of ${split}`}`;
  return {
    passedOver,
    changes: [`images are of the column ${columns?.image} of ${about}`],
    labelled: labelsOf(columns, labels, useLabels, labelDim, root),
  };
}

function labelsOf(
  columns: ChosenColumns | undefined,
  labels: readonly (number | string)[],
  useLabels: boolean,
  labelDim: number | undefined,
  root: string,
): Labelled {
  const why = columns?.why ?? 'no rows';
  if (!useLabels || !columns || columns.label === undefined)
    return { labels: { kind: 'none' }, report: { from: 'none', why } };
  const texts = columns.textLabels ? [...new Set(labels.map(String))].sort() : columns.classNames;
  const classes = columns.textLabels ? labels.map((label) => texts.indexOf(String(label))) : labels.map(Number);
  const dim = labelDim ?? (texts.length > 0 ? texts.length : undefined);
  return {
    labels: classLabels(classes, dim, (i) => `${root}, row ${i}`, texts),
    report: { from: 'column', why },
  };
}

const failAt = (path: string, code: DatasetErrorCode, expected: string, got: string, remedy: string): DatasetError =>
  openFailure(code, path, expected, got, remedy);
