import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { checkZipHeader, readZipDirectory, readZipEntry } from '@edm2/tensor-files';
import type { Entry } from 'yauzl';
import { crc32 } from './crc32.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import { byCodeUnits, type FileSource, isSample } from './file-source.js';
import { CONCURRENCY, MAX_FILE_BYTES, MAX_IMAGES, MAX_JSON_BYTES } from './limits.js';
import { mapLimit } from './map-limit.js';

const inflate = promisify(inflateRaw);

const STORED = 0;
const DEFLATED = 8;

/**
 * Opens a zip: EDM2 stores entries uncompressed; deflated ones are read too. The directory is read at once, entries on
 * demand and checked against their CRC-32, which also catches damage that an image decoder forgives.
 *
 * @throws {DatasetError} (rejects) corrupt-zip; unsupported when an entry is encrypted or compressed in another way.
 */
export async function openZip(path: string): Promise<FileSource> {
  const entries = await readZipDirectory(path, { maxEntries: MAX_IMAGES }).catch((cause: unknown) => {
    throw damaged(path, cause);
  });
  for (const entry of entries.values()) checkSupported(path, entry);

  const names = [...entries.keys()].filter(isSample).sort(byCodeUnits);
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
    throw damaged(path, cause);
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
    read: (name) => read(name, MAX_FILE_BYTES),
    readJson: async () =>
      entries.has('dataset.json') ? new TextDecoder().decode(await read('dataset.json', MAX_JSON_BYTES)) : undefined,
    identity: async () => names.map((name) => String(entries.get(name)?.crc32)),
    close: () => handle.close(),
  };
}

const AGAIN = 'Copy or write the zip again';

const failure = (
  code: DatasetErrorCode,
  file: string,
  expected: string,
  got: string,
  remedy: string,
  cause?: unknown,
) => new DatasetError({ code, where: 'openDataset', file, expected, got: `${got} in ${file}`, remedy, cause });

const damaged = (file: string, cause: unknown) => {
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
  return failure('corrupt-zip', file, 'an intact zip', reason, AGAIN, cause);
};

function checkSupported(path: string, entry: Entry): void {
  const file = `${path}/${entry.fileName}`;
  const { compressionMethod: method } = entry;
  if (entry.isEncrypted())
    throw failure('unsupported', file, 'entries without a password', 'an encrypted entry', 'Write the zip without one');
  if (method !== STORED && method !== DEFLATED)
    throw failure('unsupported', file, 'stored or deflated entries', `method ${method}`, 'Write the zip with `zip -0`');
}

async function readEntry(handle: FileHandle, entry: Entry, file: string, limit: number): Promise<Uint8Array> {
  const { compressedSize, uncompressedSize: size } = entry;
  // Both are claims of the file. Deflate adds at most a few bytes per 64 KiB, so honest entries pass the second test.
  if (size > limit || compressedSize > limit + limit / 1024)
    throw failure('too-large', file, `at most ${limit} bytes`, `${Math.max(size, compressedSize)}`, 'Remove it');
  const raw = await readZipEntry(handle, entry).catch((cause: unknown) => {
    throw damaged(file, cause);
  });
  const data =
    entry.compressionMethod === STORED
      ? raw
      : await inflate(raw, { maxOutputLength: Math.max(size, 1) }).catch((cause: unknown) => {
          throw damaged(file, cause);
        });
  if (data.length !== size) throw failure('corrupt-zip', file, `${size} bytes`, `${data.length}`, AGAIN);
  if (crc32(data) !== entry.crc32)
    throw failure('corrupt-zip', file, 'data that matches its checksum', 'a wrong CRC-32', AGAIN);
  return data;
}
