import { type FileHandle, open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import {
  checkZipEntry,
  checkZipHeader,
  NpyParseError,
  parseNpyHeader,
  readNpy,
  readZipDirectory,
  readZipEntry,
  type ZipEntry,
  ZipError,
} from '@edm2/tensor-files';
import type { PixelImage } from '../../dinov2/resize-pixels.js';
import { ImageError } from './image-error.js';
import type { ImageSource } from './image-source.js';

/** Most arrays of an archive; samples have one, and one of labels. */
const MAX_ARRAYS = 10_000;

/** Most bytes of a compressed array, which is held in memory whole. */
const MAX_INFLATED_BYTES = 4 * 1024 ** 3;

/** First bytes in which an array's header ends: NumPy's are shorter than 200. */
const HEADER_BYTES = 4096;

/** Digits of an image's number in its name. */
const DIGITS = 8;

/** What ADM's scripts, and most after them, call the array of samples. */
const SAMPLES = 'arr_0';

/** Whether an `.npz` holds statistics (`mu`), rather than images. */
export async function holdsStatistics(path: string): Promise<boolean> {
  if (extname(path).toLowerCase() !== '.npz') return false;
  const names = await readZipDirectory(path, { maxEntries: MAX_ARRAYS }).catch(() => undefined);
  // What cannot be read is said by whoever reads it.
  return names === undefined || names.has('mu.npy');
}

/** Bytes of an array of images, and how they are arranged. */
interface Stack {
  readonly shape: readonly number[];
  /** Bytes of one image of `size` values. */
  read(index: number, size: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens images that are stored as one array of bytes `[N, H, W, 3]` or `[N, H, W, 1]`: `arr_0` of an `.npz`, as ADM's scripts save samples,
 * or a `.npy`. They are read where they lie; a compressed array is held in memory.
 *
 * @throws {ImageError} (rejects) when there is no such array, or the file is damaged.
 */
export async function openStack(path: string): Promise<ImageSource> {
  const stack = await openArray(path).catch((cause: unknown) => {
    if (cause instanceof ZipError)
      throw new ImageError(
        'corrupt',
        path,
        `openImages: expected an intact archive, got ${cause.message} in ${path}. Save it again.`,
        cause,
      );
    if (cause instanceof NpyParseError)
      throw new ImageError(
        'corrupt',
        path,
        `openImages: expected an intact array in ${path}, got "${cause.message}". Save it again.`,
        cause,
      );
    throw cause;
  });
  const [count = 0, height = 0, width = 0, channels = 0] = stack.shape;
  const size = height * width * channels;
  const names = Array.from({ length: count }, (_, i) => String(i).padStart(DIGITS, '0'));
  const pathOf = (name: string): string => `${path}#${Number(name)}`;
  const readPixels = async (name: string): Promise<PixelImage> => {
    const own = await stack.read(Number(name), size);
    if (channels === 3) return { height, width, data: own };
    return { height, width, data: Uint8Array.from({ length: size * 3 }, (_, i) => own[Math.floor(i / 3)] ?? 0) };
  };
  return {
    names,
    pathOf,
    read: async (name) => stack.read(Number(name), size),
    readPixels,
    close: () => stack.close(),
  };
}

async function openArray(path: string): Promise<Stack> {
  const handle = await open(path);
  try {
    if (extname(path).toLowerCase() === '.npy') return await inFile(handle, path, 0, (await handle.stat()).size);
    const entries = await readZipDirectory(path, { maxEntries: MAX_ARRAYS });
    const entry = await chooseArray(handle, path, entries);
    checkZipEntry(entry);
    if (entry.compressionMethod === 0)
      return await inFile(handle, path, await checkZipHeader(handle, entry), entry.uncompressedSize);
    const { shape, data } = await readNpy(await readZipEntry(handle, entry, { maxBytes: MAX_INFLATED_BYTES }));
    return {
      shape,
      read: async (index, size) => (data as Uint8Array).subarray(index * size, (index + 1) * size),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** An array that is stored as it is. */
async function inFile(handle: FileHandle, path: string, start: number, length: number): Promise<Stack> {
  const head = Buffer.alloc(Math.min(HEADER_BYTES, length));
  await handle.read(head, 0, head.length, start);
  const { dtype, shape, fortranOrder, dataStart } = parseNpyHeader(head, path);
  const array = { dtype, shape, fortranOrder };
  if (!isStack(array)) throw noStack(path, [`${basename(path)} ${describe(array)}`]);
  const bytes = shape.reduce((product, side) => product * side, 1);
  if (length - dataStart !== bytes)
    throw new ImageError(
      'corrupt',
      path,
      `openImages: expected ${bytes} bytes of ${describe(array)} in ${path}, got ${length - dataStart}. Save it again.`,
    );
  return {
    shape,
    async read(index, size) {
      const image = Buffer.alloc(size);
      const { bytesRead } = await handle.read(image, 0, size, start + dataStart + index * size);
      if (bytesRead === size) return image;
      throw new ImageError(
        'corrupt',
        path,
        `openImages: expected image ${index} in ${path}, got its end. Save it again.`,
      );
    },
    close: () => handle.close(),
  };
}

/** The one array of an archive that holds images. */
async function chooseArray(
  handle: FileHandle,
  path: string,
  entries: ReadonlyMap<string, ZipEntry>,
): Promise<ZipEntry> {
  const found: { name: string; text: string; entry: ZipEntry; isStack: boolean }[] = [];
  for (const [file, entry] of entries) {
    const name = file.replace(/\.npy$/, '');
    try {
      const header = await headerOf(handle, entry, `${path}/${file}`);
      found.push({ name, text: `${name} ${describe(header)}`, entry, isStack: isStack(header) });
    } catch (error) {
      if (!(error instanceof NpyParseError || error instanceof ZipError)) throw error;
      found.push({ name, text: `${name}, which is not read`, entry, isStack: false });
    }
  }
  const stacks = found.filter((each) => each.isStack);
  const chosen = stacks.find(({ name }) => name === SAMPLES) ?? (stacks.length === 1 ? stacks[0] : undefined);
  if (chosen) return chosen.entry;
  if (stacks.length === 0)
    throw noStack(
      path,
      found.map(({ text }) => text),
    );
  throw new ImageError(
    'refused',
    path,
    `openImages: expected one array of images in ${path}, got ${stacks.map(({ text }) => text).join(', ')}. Save the one that is meant alone, or as ${SAMPLES}.`,
  );
}

/** Compressed headers are inflated with all that follows: archives of samples are small or stored as they are. */
async function headerOf(handle: FileHandle, entry: ZipEntry, path: string) {
  checkZipEntry(entry);
  if (entry.compressionMethod !== 0)
    return parseNpyHeader(await readZipEntry(handle, entry, { maxBytes: MAX_INFLATED_BYTES }), path);
  const head = Buffer.alloc(Math.min(HEADER_BYTES, entry.uncompressedSize));
  await handle.read(head, 0, head.length, await checkZipHeader(handle, entry));
  return parseNpyHeader(head, path);
}

interface ArrayKind {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
}

const isStack = ({ dtype, shape, fortranOrder }: ArrayKind): boolean =>
  dtype === '|u1' && !fortranOrder && shape.length === 4 && !shape.includes(0) && (shape[3] === 3 || shape[3] === 1);

const describe = ({ dtype, shape, fortranOrder }: ArrayKind): string =>
  `${dtype.replace('|u1', 'uint8')} [${shape.join(', ')}]${fortranOrder ? ' in Fortran order' : ''}`;

const noStack = (path: string, got: readonly string[]): ImageError =>
  new ImageError(
    'refused',
    path,
    `openImages: expected images as uint8 [N, H, W, 3] or [N, H, W, 1] in ${path}, got ${got.slice(0, 5).join(', ') || 'no array'}. Save them so: numpy.savez(path, images).`,
  );
