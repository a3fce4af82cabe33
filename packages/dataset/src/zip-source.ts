import { type FileHandle, open } from 'node:fs/promises';
import {
  checkZipEntry,
  checkZipHeader,
  identifyFile,
  readZipDirectory,
  readZipEntry,
  type ZipEntry,
  ZipError,
} from '@edm2/tensor-files';
import { type DatasetError, openFailure as failure } from './errors.js';
import { byCodeUnits, type FileSource, isSample } from './file-source.js';
import { CONCURRENCY, MAX_FILE_BYTES, MAX_IMAGES } from './limits.js';
import { mapLimit } from './map-limit.js';

/** An entry that is not compressed. */
const STORED = 0;

/**
 * Opens a zip: EDM2 stores entries uncompressed; deflated ones are read too. The directory is read at once, entries on
 * demand and checked against their CRC-32, which also catches damage that an image decoder forgives.
 *
 * @throws {DatasetError} (rejects) corrupt-zip; unsupported when an entry is encrypted or compressed in another way.
 */
export async function openZip(path: string): Promise<FileSource> {
  const entries = await readZipDirectory(path, { maxEntries: MAX_IMAGES }).catch(async (cause: unknown) => {
    throw (await otherThanZip(path, cause)) ?? explained(path, cause);
  });
  for (const entry of entries.values()) checkSupported(path, entry);

  const names = [...entries.keys()].sort(byCodeUnits);
  // A flipped bit in the directory can turn a name into one that is passed over, an image's or that of dataset.json.
  const others = [...entries.values()].filter(({ fileName }) => !isSample(fileName));
  const handle = await open(path);
  try {
    await mapLimit(others.length, CONCURRENCY, async (i) => {
      const entry = others[i];
      if (entry) await checkZipHeader(handle, entry);
    });
  } catch (cause) {
    await handle.close();
    throw explained(path, cause);
  }

  const read = async (name: string, limit: number): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (!entry) throw failure('corrupt-zip', `${path}/${name}`, 'an entry of the zip', 'none', AGAIN);
    return readEntry(handle, entry, `${path}/${name}`, limit);
  };
  return {
    kind: 'zip',
    names,
    pathOf: (name) => `${path}/${name}`,
    read: (name, maxBytes = MAX_FILE_BYTES) => read(name, maxBytes),
    readPart: async (name, start, length) => {
      const entry = entries.get(name);
      if (!entry || entry.compressionMethod !== STORED) return undefined;
      const data = await checkZipHeader(handle, entry).catch((cause: unknown) => {
        throw explained(`${path}/${name}`, cause);
      });
      const size = Math.max(0, Math.min(length, entry.uncompressedSize - start));
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, data + start);
      return buffer.subarray(0, bytesRead);
    },
    size: async (name) => entries.get(name)?.uncompressedSize ?? 0,
    identity: async (names) => names.map((name) => String(entries.get(name)?.crc32)),
    close: () => handle.close(),
  };
}

const AGAIN = 'Copy or write the zip again';

function checkSupported(path: string, entry: ZipEntry): void {
  try {
    checkZipEntry(entry);
  } catch (cause) {
    throw explained(`${path}/${entry.fileName}`, cause);
  }
}

async function readEntry(handle: FileHandle, entry: ZipEntry, file: string, limit: number): Promise<Uint8Array> {
  return readZipEntry(handle, entry, { maxBytes: limit }).catch((cause: unknown) => {
    throw explained(file, cause);
  });
}

/** An intact file of another kind with the name of a zip: a pointer of Git LFS, a page of a server. */
async function otherThanZip(path: string, cause: unknown): Promise<DatasetError | undefined> {
  const kind = cause instanceof ZipError ? await identifyFile(path) : undefined;
  if (!kind || ['zip', 'damaged-zip'].includes(kind.kind)) return undefined;
  const code = kind.kind === 'empty' || kind.kind === 'zeros' ? 'corrupt-zip' : 'unsupported';
  return failure(code, path, 'a zip', kind.what, kind.remedy, cause);
}

/** What is wrong with a zip, and what helps. */
function explained(file: string, cause: unknown): unknown {
  if (!(cause instanceof ZipError)) return cause;
  const { code, message } = cause;
  if (code === 'encrypted')
    return failure('unsupported', file, 'entries without a password', message, 'Write the zip without one', cause);
  if (code === 'method')
    return failure('unsupported', file, 'stored or deflated entries', message, 'Write the zip with `zip -0`', cause);
  if (code === 'parts') return failure('unsupported', file, 'a whole zip', message, 'Join the parts first', cause);
  if (code === 'too-large')
    return failure('too-large', file, 'an entry that fits in memory', message, 'Remove it', cause);
  if (code === 'crc') return failure('corrupt-zip', file, 'data that match their checksum', message, AGAIN, cause);
  return failure('corrupt-zip', file, 'an intact zip', message, AGAIN, cause);
}
