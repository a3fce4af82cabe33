import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { FOREIGN_BYTES, foreignKind } from './decode/foreign-kind.js';
import { imageKind } from './decode/image-kind.js';
import { DatasetError } from './errors.js';
import type { Spelling } from './spelling.js';
import { isIdxName } from './stack/find-idx.js';
import { isIdx } from './stack/idx.js';
import { isTarHeader } from './tar-directory.js';

/** Archives into which a path may lead. */
const isArchive = (kind: Place['kind'] | undefined | ''): kind is 'zip' | 'tar' | 'tar.gz' | 'npz' =>
  kind === 'zip' || kind === 'tar' || kind === 'tar.gz' || kind === 'npz';

/** What lies at a path, or around it. */
export interface Place {
  readonly kind: 'folder' | 'zip' | 'tar' | 'tar.gz' | 'npz' | 'npy' | 'idx' | 'parquet';
  /** The folder or file. */
  readonly path: string;
  /** What of it is meant: `train` in `images.zip/train`, `x_train` in `mnist.npz/x_train`; '' for all. */
  readonly inside: string;
}

/**
 * Finds what a path names: a folder, a file by its content, or something inside an archive.
 *
 * @throws {DatasetError} not-found, unreadable; unsupported, naming what the file is.
 */
export async function locate(path: string, spelling: Spelling): Promise<Place> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isDirectory()) return { kind: 'folder', path, inside: '' };
  if (info) return { kind: await kindOf(path, spelling), path, inside: '' };
  const archive = await archiveAround(path);
  const kind = archive && (await kindOf(archive, spelling));
  if (archive && isArchive(kind))
    return { kind, path: archive, inside: path.slice(archive.length).replace(/^[\\/]+|[\\/]+$/g, '') };
  throw new DatasetError({
    code: 'not-found',
    where: 'openDataset',
    file: path,
    expected: 'a folder, a zip, a tar, an NPZ, NPY, IDX or Parquet file',
    got: `nothing at ${path}`,
    remedy: 'Check the path',
  });
}

/** The nearest file that the path leads through. */
async function archiveAround(path: string): Promise<string | undefined> {
  for (let above = dirname(path); above !== dirname(above) && above !== '.'; above = dirname(above)) {
    const info = await stat(above).catch(() => undefined);
    if (info) return info.isDirectory() ? undefined : above;
  }
  return undefined;
}

/** By the first bytes; by the name where those are damaged, so that the error names the damage. */
async function kindOf(path: string, spelling: Spelling): Promise<Exclude<Place['kind'], 'folder'>> {
  const head = await headOf(path);
  if (head[0] === 0x50 && head[1] === 0x4b) return /\.npz$/i.test(path) ? 'npz' : 'zip';
  if (isTarHeader(head)) return 'tar';
  if (head[0] === 0x50 && head[1] === 0x41 && head[2] === 0x52 && head[3] === 0x31) return 'parquet';
  if (holdsTar(head)) return 'tar.gz';
  if (isIdx(head)) return 'idx';
  const image = imageKind(head);
  if (image === 'npy') return 'npy';
  if (isIdxName(path)) return 'idx';
  if (/\.npz$/i.test(path)) return 'npz';
  if (/\.zip$/i.test(path)) return 'zip';
  if (/\.tar$/i.test(path)) return 'tar';
  const foreign = image === undefined ? foreignKind(head) : undefined;
  const folder = spelling.path(dirname(path));
  throw new DatasetError({
    code: 'unsupported',
    where: 'openDataset',
    file: path,
    expected: 'a folder, a zip, a tar, an NPZ, NPY, IDX or Parquet file',
    got: `${image ? 'a single image' : (foreign?.name ?? 'another kind of file')} at ${path}`,
    remedy: image
      ? `Pass the folder that holds the images: ${folder}`
      : foreign && /^a pickle/.test(foreign.name)
        ? `Of CIFAR pass the folder that holds its files: ${folder}`
        : (foreign?.remedy ?? 'Pass the folder that holds the images'),
  });
}

/** Whether gzipped bytes begin with a tar. */
function holdsTar(head: Uint8Array): boolean {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return false;
  try {
    return isTarHeader(gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 24 }));
  } catch {
    return false;
  }
}

async function headOf(path: string): Promise<Uint8Array> {
  const handle = await open(path).catch((cause: unknown) => {
    throw new DatasetError({
      code: 'unreadable',
      where: 'openDataset',
      file: path,
      expected: 'a file that can be read',
      got: `an error at ${path}`,
      remedy: 'Check its permissions',
      cause,
    });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(FOREIGN_BYTES), 0, FOREIGN_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The folder of a file and its name in it; of Kaggle's files, which lie in folders of their own names, the folder above. */
export function besideFile(path: string): { readonly folder: string; readonly name: string } {
  const folder = dirname(path);
  if (basename(folder) !== basename(path)) return { folder, name: basename(path) };
  return { folder: join(folder, '..'), name: `${basename(folder)}/${basename(path)}` };
}
