import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import {
  identifyFile,
  isAppleDouble,
  readZipDirectory,
  readZipEntry,
  type ZipEntry,
  ZipError,
} from '@edm2/tensor-files';
import { ImageError } from './image-error.js';
import type { ImageSource } from './image-source.js';
import { openStack } from './stack.js';

/** Endings that are decoded. */
const READ = new Set(['.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.webp', '.gif', '.tif', '.tiff', '.avif']);

/** Endings of images that are not read; passing over them would change n without a word. */
const REFUSED = new Set([
  ...['.bmp', '.dib', '.pgm', '.ppm', '.pbm', '.pnm', '.pfm', '.jp2', '.j2k', '.jpx', '.jxl', '.heic', '.heif'],
  ...['.tga', '.ico', '.exr', '.hdr', '.dng', '.psd', '.svg', '.npy', '.npz'],
]);

/** Most images of a set: far above any that is scored, and an end to folders that lead in circles. */
const MAX_IMAGES = 10_000_000;

/** Deepest sub-folder. */
const MAX_DEPTH = 16;

/** Most bytes of one image file. */
const MAX_FILE_BYTES = 256 * 1024 ** 2;

/** Options of {@link openImages}. */
export type OpenImagesOptions = Pick<ImageSource, 'acceptWarnings'>;

/**
 * Opens a folder or a zip of images, or one array of them (`.npz`, `.npy`).
 *
 * @param options - how its images are decoded.
 *
 * @throws {ImageError} (rejects) when there is none, or the place holds kinds that are not read.
 * @throws {Error} (rejects) of the file system, or when the zip is damaged.
 */
export async function openImages(path: string, options: OpenImagesOptions = {}): Promise<ImageSource> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    throw new ImageError(
      'missing',
      path,
      `openImages: expected a folder, a .zip or a .npz of images at ${path}, got nothing. Check the path.`,
    );
  }
  const isFolder = found.isDirectory();
  const ending = extname(path).toLowerCase();
  if (!isFolder && (ending === '.npz' || ending === '.npy')) return openStack(path);
  if (!isFolder && ending !== '.zip') {
    throw new ImageError(
      'missing',
      path,
      `openImages: expected a folder, a .zip or a .npz of images, got ${path}. Statistics end in .npz, .safetensors or .pkl.`,
    );
  }
  const source = isFolder ? await openFolder(path) : await openZip(path);
  try {
    const refused = source.names.find((name) => REFUSED.has(extname(name).toLowerCase()));
    if (refused !== undefined) {
      throw new ImageError(
        'refused',
        source.pathOf(refused),
        `openImages: expected PNG, JPEG, WebP, GIF, TIFF or AVIF, got ${source.pathOf(refused)}. Convert such files to PNG.`,
      );
    }
    if (source.names.length === 0) {
      throw new ImageError('missing', path, `openImages: expected images in ${path}, got none. Check the path.`);
    }
  } catch (error) {
    await source.close();
    throw error;
  }
  return { ...source, ...options };
}

const isImage = (name: string): boolean =>
  READ.has(extname(name).toLowerCase()) || REFUSED.has(extname(name).toLowerCase());

/** Files that systems put beside images by themselves: nobody expects that they are used. */
const isCompanion = (name: string): boolean => {
  const file = basename(name);
  return file.startsWith('.') || file === 'Thumbs.db' || file === 'desktop.ini' || isAppleDouble(name);
};

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function openFolder(root: string): Promise<ImageSource> {
  const names: string[] = [];
  const passedOver: string[] = [];
  const walk = async (prefix: string, depth: number): Promise<void> => {
    if (depth > MAX_DEPTH || names.length > MAX_IMAGES) {
      throw new ImageError(
        'refused',
        root,
        `openImages: expected at most ${MAX_DEPTH} levels and ${MAX_IMAGES} images, got more below ${root}. Look for links that lead in circles.`,
      );
    }
    for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
      const name = prefix + entry.name;
      const kind = entry.isSymbolicLink() ? await stat(join(root, name)).catch(() => undefined) : entry;
      if (kind?.isDirectory()) await walk(`${name}/`, depth + 1);
      else if (isImage(name)) names.push(name);
      else if (!isCompanion(name)) passedOver.push(name);
    }
  };
  await walk('', 0);
  names.sort(byCodeUnits);
  passedOver.sort(byCodeUnits);
  const pathOf = (name: string): string => join(root, name);
  return {
    names,
    passedOver,
    pathOf,
    read: async (name) => {
      checkSize(pathOf(name), (await stat(pathOf(name))).size);
      return readFile(pathOf(name));
    },
    close: async () => {},
  };
}

async function openZip(path: string): Promise<ImageSource> {
  const handle = await open(path);
  const failed = (file: string) => (cause: unknown) => {
    if (!(cause instanceof ZipError)) throw cause;
    const text = `openImages: expected an intact zip, got ${cause.message} in ${file}. Copy or write the zip again.`;
    throw new ImageError('corrupt', file, text, cause);
  };
  const entries = new Map<string, ZipEntry>();
  const passedOver: string[] = [];
  try {
    const size = (await handle.stat()).size;
    const zip = { read: handle.read.bind(handle), size };
    const files = await readZipDirectory(zip, { maxEntries: MAX_IMAGES }).catch(async (cause: unknown) => {
      const kind = await identifyFile(path);
      if (!kind || ['zip', 'damaged-zip'].includes(kind.kind)) return failed(path)(cause);
      const text = `openImages: expected a zip, got ${kind.what} in ${path}. ${kind.remedy}.`;
      throw new ImageError('refused', path, text, cause);
    });
    for (const [name, entry] of files) {
      if (isImage(name) && !isAppleDouble(name)) entries.set(name, entry);
      else if (!name.endsWith('/') && !isCompanion(name)) passedOver.push(name);
    }
  } catch (error) {
    await handle.close();
    throw error;
  }
  const pathOf = (name: string): string => `${path}/${name}`;
  return {
    names: [...entries.keys()].sort(byCodeUnits),
    passedOver: passedOver.sort(byCodeUnits),
    pathOf,
    read: async (name) => {
      const entry = entries.get(name);
      if (!entry)
        throw new ImageError(
          'missing',
          pathOf(name),
          `openImages: expected ${name} in ${path}, got none. Check the name.`,
        );
      checkSize(pathOf(name), entry.uncompressedSize);
      return readZipEntry(handle, entry, { maxBytes: MAX_FILE_BYTES }).catch(failed(pathOf(name)));
    },
    close: () => handle.close(),
  };
}

function checkSize(file: string, size: number): void {
  if (size <= MAX_FILE_BYTES) return;
  throw new ImageError(
    'corrupt',
    file,
    `openImages: expected at most ${MAX_FILE_BYTES} bytes, got ${size} in ${file}. Remove it.`,
  );
}
