import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from './errors.js';
import { byCodeUnits, type FileSource } from './file-source.js';
import { CONCURRENCY, MAX_DEPTH, MAX_FILE_BYTES, MAX_IMAGES } from './limits.js';
import { mapLimit } from './map-limit.js';

/** Files whose size goes into the fingerprint: asking for the size of a million files would take a minute. */
const SIZE_SAMPLES = 4096;

/** A file by itself as a source, under its own name. */
export const openSingle = (path: string): FileSource => folderSource(dirname(path), [basename(path)]);

/** Lists a folder, sub-folders included except `.git`; symbolic links are followed. */
export async function openFolder(root: string): Promise<FileSource> {
  const names: string[] = [];
  await walk(root, '', 0, names);
  return folderSource(root, names.sort(byCodeUnits));
}

function folderSource(root: string, names: readonly string[]): FileSource {
  return {
    kind: 'folder',
    names,
    pathOf: (name) => join(root, name),
    read: (name, maxBytes = MAX_FILE_BYTES) => readBounded(join(root, name), maxBytes),
    readPart: (name, start, length) => readBytes(join(root, name), start, length),
    size: async (name) => (await statOf(join(root, name))).size,
    identity: async (names) => {
      const stride = Math.max(1, Math.ceil(names.length / SIZE_SAMPLES));
      const sizes: string[] = [];
      await mapLimit(Math.ceil(names.length / stride), CONCURRENCY, async (i) => {
        const path = join(root, names[i * stride] ?? '');
        sizes[i] = String((await statOf(path)).size);
      });
      return sizes;
    },
    close: async () => {},
  };
}

async function walk(root: string, prefix: string, depth: number, names: string[]): Promise<void> {
  if (depth > MAX_DEPTH || names.length > MAX_IMAGES) {
    const deep = depth > MAX_DEPTH;
    throw new DatasetError({
      code: 'too-large',
      where: 'openDataset',
      file: join(root, prefix),
      expected: deep ? `folders at most ${MAX_DEPTH} deep` : `at most ${MAX_IMAGES} images`,
      got: `more at ${join(root, prefix)}`,
      remedy: deep ? 'Look for a symbolic link that leads in a circle' : 'Split the dataset',
    });
  }
  const entries = await readdir(join(root, prefix), { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(join(root, prefix), cause);
  });
  for (const entry of entries) {
    const name = prefix + entry.name;
    // A link that points nowhere is neither file nor folder; reading it says so when it has an image's name.
    const kind = entry.isSymbolicLink() ? await stat(join(root, name)).catch(() => undefined) : entry;
    if (!kind?.isDirectory()) names.push(name);
    else if (entry.name !== '.git') await walk(root, `${name}/`, depth + 1, names);
  }
}

const statOf = (path: string) =>
  stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });

async function readBytes(path: string, start: number, length: number): Promise<Uint8Array> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Reads a whole file that is at most `limit` bytes long. */
export async function readBounded(path: string, limit: number): Promise<Uint8Array> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      if (size > limit) {
        throw new DatasetError({
          code: 'too-large',
          where: 'openDataset',
          file: path,
          expected: `a file of at most ${limit} bytes`,
          got: `${size} bytes in ${path}`,
          remedy: 'Remove the file or make it smaller',
        });
      }
      return await readFile(handle);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof DatasetError) throw cause;
    throw unreadable(path, cause);
  }
}

const unreadable = (path: string, cause: unknown) =>
  new DatasetError({
    code: 'unreadable',
    where: 'openDataset',
    file: path,
    expected: 'a file or folder that can be read',
    got: `${cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error'} at ${path}`,
    remedy: 'Check its path and its permissions',
    cause,
  });
