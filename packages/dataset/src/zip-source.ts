import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import yauzl, { type Entry } from 'yauzl';
import { crc32 } from './crc32.js';
import { DatasetError, type DatasetErrorCode } from './errors.js';
import { byCodeUnits, type FileSource, isSample } from './file-source.js';
import { MAX_FILE_BYTES, MAX_IMAGES, MAX_JSON_BYTES } from './limits.js';

const inflate = promisify(inflateRaw);

const LOCAL_HEADER = 30;
const LOCAL_SIGNATURE = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * Opens a zip: EDM2 stores entries uncompressed; deflated ones are read too. The directory is read at once, entries on
 * demand and checked against their CRC-32, which also catches damage that an image decoder forgives.
 */
export async function openZip(path: string): Promise<FileSource> {
  const fail = (code: DatasetErrorCode, name: string, expected: string, got: string, remedy: string, cause?: unknown) =>
    new DatasetError({
      code,
      where: 'openDataset',
      file: name ? `${path}/${name}` : path,
      expected,
      got: `${got} in ${name ? `${path}/${name}` : path}`,
      remedy,
      cause,
    });
  const again = 'Copy or write the zip again';

  const entries = await readDirectory(path).catch((cause: unknown) => {
    if (cause instanceof DatasetError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail('corrupt-zip', '', 'a complete zip', reason, again, cause);
  });
  for (const entry of entries.values()) {
    if (entry.isEncrypted())
      throw fail(
        'unsupported',
        entry.fileName,
        'entries without password',
        'an encrypted entry',
        'Write the zip without encryption',
      );
    if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
      throw fail(
        'unsupported',
        entry.fileName,
        'stored or deflated entries',
        `compression method ${entry.compressionMethod}`,
        'Write the zip with `zip -0`',
      );
  }

  const handle = await open(path);
  const readEntry = async (name: string, limit: number): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (!entry) throw fail('corrupt-zip', name, 'an entry of the directory', 'none', again);
    if (entry.uncompressedSize > limit)
      throw fail(
        'too-large',
        name,
        `an entry of at most ${limit} bytes`,
        `${entry.uncompressedSize} bytes`,
        'Remove it or make it smaller',
      );
    // Deflate cannot shrink below 1/1032, and stored data has the same size, so this bounds the read as well.
    if (entry.compressedSize > limit + 1024)
      throw fail(
        'too-large',
        name,
        `an entry of at most ${limit} bytes`,
        `${entry.compressedSize} bytes`,
        'Remove it or make it smaller',
      );
    const raw = await readData(handle, entry).catch((cause: unknown) => {
      throw fail(
        'corrupt-zip',
        name,
        'an intact entry',
        cause instanceof Error ? cause.message : String(cause),
        again,
        cause,
      );
    });
    const data =
      entry.compressionMethod === STORED
        ? raw
        : await inflate(raw, { maxOutputLength: Math.max(entry.uncompressedSize, 1) }).catch((cause: unknown) => {
            throw fail('corrupt-zip', name, 'deflated data of the stated size', 'other data', again, cause);
          });
    if (data.length !== entry.uncompressedSize)
      throw fail('corrupt-zip', name, `${entry.uncompressedSize} bytes`, `${data.length}`, again);
    if (crc32(data) !== entry.crc32)
      throw fail('corrupt-zip', name, 'data that matches its checksum', 'a wrong CRC-32', again);
    return data;
  };

  const names = [...entries.keys()].filter(isSample).sort(byCodeUnits);
  return {
    kind: 'zip',
    names,
    pathOf: (name) => `${path}/${name}`,
    read: (name) => readEntry(name, MAX_FILE_BYTES),
    readJson: async () =>
      entries.has('dataset.json')
        ? new TextDecoder().decode(await readEntry('dataset.json', MAX_JSON_BYTES))
        : undefined,
    identity: async () => names.map((name) => String(entries.get(name)?.crc32)),
    close: () => handle.close(),
  };
}

/** Files of the central directory by name, folders left out. */
async function readDirectory(path: string): Promise<Map<string, Entry>> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, validateEntrySizes: true });
  try {
    if (zip.entryCount > MAX_IMAGES) throw new Error(`${zip.entryCount} entries, more than ${MAX_IMAGES}`);
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      if (entries.has(entry.fileName)) throw new Error(`two entries named ${entry.fileName}`);
      entries.set(entry.fileName, entry);
    }
    return entries;
  } finally {
    zip.close();
  }
}

/** Reads an entry's bytes as stored, after comparing its local header with the directory. */
async function readData(handle: FileHandle, entry: Entry): Promise<Uint8Array> {
  const header = await readAt(handle, entry.relativeOffsetOfLocalHeader, LOCAL_HEADER + entry.fileNameLength);
  if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw new Error('no entry header where the directory points');
  const nameLength = header.readUInt16LE(26);
  if (nameLength !== entry.fileNameLength || !header.subarray(LOCAL_HEADER).equals(entry.fileNameRaw))
    throw new Error('an entry header that bears another name');
  const start = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER + nameLength + header.readUInt16LE(28);
  return readAt(handle, start, entry.compressedSize);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error(`the end of the file, ${length - done} bytes too early`);
    done += bytesRead;
  }
  return buffer;
}
