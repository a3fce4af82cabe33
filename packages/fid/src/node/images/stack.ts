import { type FileHandle, open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { checkZipHeader, type NpzEntry, openNpz, parseNpyHeader, readZipDirectory, ZipError } from '@edm2/tensor-files';
import type { PixelImage } from '../../dinov2/resize-pixels.js';
import { ImageError } from './image-error.js';
import type { ImageSource } from './image-source.js';

/** Most arrays of an archive; samples have one, and one of labels. */
const MAX_ARRAYS = 10_000;

/** How zips number what is stored as it is. */
const STORED = 0;

/** First bytes in which an array's header ends: NumPy's are shorter than 200. */
const HEADER_BYTES = 4096;

/** Digits of an image's number in its name. */
const DIGITS = 8;

/** What ADM's scripts, and most after them, call the array of samples. */
const SAMPLES = 'arr_0';

/**
 * Whether an `.npz` holds statistics (`mu`), rather than images as ADM's scripts save samples.
 *
 * @returns true for a file that cannot be read, which whoever reads it says; false for other endings.
 */
export async function holdsStatistics(path: string): Promise<boolean> {
  if (extname(path).toLowerCase() !== '.npz') return false;
  const file = await openNpz(path).catch(() => undefined);
  await file?.close();
  return file === undefined || file.has('mu');
}

/** Bytes of an array of images, and how they are arranged. */
interface Stack {
  readonly shape: readonly number[];
  /** Bytes of one image of `size` values. */
  read(index: number, size: number): Promise<Uint8Array>;
  /** Compares it with its checksum, where it has one. */
  verify?(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens images that are stored as one array of bytes `[N, H, W, 3]` or `[N, H, W, 1]`: `arr_0` of an `.npz`, as ADM's scripts save samples,
 * or a `.npy`. They are read where they lie; a compressed array is held in memory.
 *
 * @throws {ImageError} (rejects) when there is no such array, or the file is damaged.
 * @throws {NpyParseError} (rejects) when it is damaged, or of another kind.
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
    throw cause;
  });
  const [count = 0, height = 0, width = 0, channels = 0] = stack.shape;
  const size = height * width * channels;
  const names = Array.from({ length: count }, (_, i) => String(i).padStart(DIGITS, '0'));
  const pathOf = (name: string): string => `${path}#${Number(name)}`;
  const readPixels = async (name: string): Promise<PixelImage> => {
    const own = await stack.read(Number(name), size);
    if (channels === 3) return { height, width, data: own };
    return { height, width, data: Uint8Array.from({ length: size * 3 }, (_, i) => own[Math.floor(i / 3)] as number) };
  };
  return {
    names,
    pathOf,
    read: async (name) => stack.read(Number(name), size),
    readPixels,
    ...(stack.verify ? { verify: stack.verify } : {}),
    close: () => stack.close(),
  };
}

async function openArray(path: string): Promise<Stack> {
  if (extname(path).toLowerCase() === '.npy') {
    const handle = await open(path);
    return inFile(handle, path, 0, (await handle.stat()).size).catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
  }
  const archive = await openNpz(path);
  try {
    const name = chooseArray(path, archive.entries);
    const verify = (signal?: AbortSignal) => archive.verify({ names: [name], signal });
    const entry = (await readZipDirectory(path, { maxEntries: MAX_ARRAYS })).get(`${name}.npy`);
    if (entry?.compressionMethod === STORED) {
      const handle = await open(path);
      const start = await checkZipHeader(handle, entry);
      const { close, ...stack } = await inFile(handle, path, start, entry.uncompressedSize);
      return { ...stack, verify, close: () => close().then(() => archive.close()) };
    }
    const { shape, data } = await archive.read(name);
    return {
      shape,
      read: async (index, size) => (data as Uint8Array).subarray(index * size, (index + 1) * size),
      verify,
      close: () => archive.close(),
    };
  } catch (error) {
    await archive.close();
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
function chooseArray(path: string, entries: ReadonlyMap<string, NpzEntry>): string {
  const kinds = [...entries].map(([name, { dtype, descr, shape, problem }]) => {
    const kind = { dtype: dtype ?? descr, shape, fortranOrder: false };
    return { name, isStack: !problem && isStack(kind), text: `${name} ${describe(kind)}` };
  });
  const stacks = kinds.filter((each) => each.isStack);
  const chosen = stacks.find(({ name }) => name === SAMPLES) ?? (stacks.length === 1 ? stacks[0] : undefined);
  if (chosen) return chosen.name;
  if (stacks.length === 0)
    throw noStack(
      path,
      kinds.map(({ text }) => text),
    );
  throw new ImageError(
    'refused',
    path,
    `openImages: expected one array of images in ${path}, got ${stacks.map(({ text }) => text).join(', ')}. Save the one that is meant alone, or as ${SAMPLES}.`,
  );
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
