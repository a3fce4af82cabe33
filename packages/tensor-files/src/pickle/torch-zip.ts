import type { FileHandle } from 'node:fs/promises';
import { plainKind } from '../identify/file-kind.js';
import { crc32 } from '../npy/crc32.js';
import { readZipDirectory, type ZipEntry } from '../zip/directory.js';
import { checkZipEntry, checkZipHeader, STORED } from '../zip/entries.js';
import { ZipError } from '../zip/zip-error.js';
import { type ByteSource, fileSource, partOf } from './byte-source.js';
import { MAX_DATA_PKL_BYTES, MAX_EAGER_BYTES, MAX_ZIP_ENTRIES } from './limits.js';
import { MEANINGS } from './meanings.js';
import { type PickleErrorCode, PickleParseError } from './parse-error.js';
import { runPickle } from './run-pickle.js';
import { StorageTable } from './storage-table.js';
import type { PickleValue } from './values.js';

/** What is in a checkpoint, and a check of it. */
export interface TorchZip {
  readonly value: PickleValue;
  verify(options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean>;
}

/** Bytes checked at a time. */
const CHUNK_BYTES = 1 << 22;

/**
 * A checkpoint of torch.save: `data.pkl` in a folder of any name, and beside it `byteorder`, `version` and the storages, `data/KEY`,
 * all stored uncompressed.
 */
export async function openTorchZip(handle: FileHandle, path: string, allow: readonly string[]): Promise<TorchZip> {
  const fail = (code: PickleErrorCode, field: string, text: string, cause?: unknown): never => {
    throw new PickleParseError(code, { file: path, offset: 0, field }, `${text} Fetch or save the file again.`, cause);
  };
  const damaged =
    (field: string) =>
    (cause: unknown): never => {
      if (!(cause instanceof ZipError)) throw cause;
      return fail('zip', field, `expected an intact zip of torch.save, got ${cause.message}.`, cause);
    };
  const { size } = await handle.stat();
  const file = fileSource(handle, size);
  const entries = await readZipDirectory(
    { read: handle.read.bind(handle), size },
    { maxEntries: MAX_ZIP_ENTRIES },
  ).catch(damaged('directory'));
  const sources = new Map<string, ByteSource>();
  for (const [name, entry] of entries) sources.set(name, await locate(entry).catch(damaged(name)));
  for (const [name, { compressionMethod }] of entries)
    if (compressionMethod !== STORED) {
      const { what, remedy } = plainKind('torch-repacked');
      const text = `expected a checkpoint as torch.save packs it, got ${what}. ${remedy}.`;
      throw new PickleParseError('other-kind', { file: path, offset: 0, field: name }, text);
    }

  async function locate(entry: ZipEntry): Promise<ByteSource> {
    const start = await checkZipHeader(handle, entry);
    checkZipEntry(entry);
    if (start + entry.compressedSize > size)
      throw new ZipError('damaged', 'an entry that goes past the end of the file');
    return partOf(file, start, entry.compressedSize);
  }
  async function checkCrc(name: string, source: ByteSource, signal?: AbortSignal): Promise<void> {
    let crc = 0;
    for (let at = 0; at < source.length; at += CHUNK_BYTES) {
      signal?.throwIfAborted();
      crc = crc32(new Uint8Array(await source.load(at, Math.min(CHUNK_BYTES, source.length - at))), crc);
    }
    const expected = entries.get(name)?.crc32;
    if (crc !== expected) fail('crc', name, `expected CRC-32 ${expected}, got ${crc}: the file is damaged.`);
  }

  const pickles = [...entries.keys()].filter((name) => /^[^/]*\/?data\.pkl$/.test(name));
  const [name] = pickles;
  if (name === undefined || pickles.length > 1)
    return fail('zip', 'data.pkl', `expected one data.pkl, got ${pickles.length}. Is this a file of torch.save?`);
  const folder = name.slice(0, -'data.pkl'.length);
  const pickle = sources.get(name) as ByteSource;
  if (pickle.length > MAX_DATA_PKL_BYTES)
    fail('too-large', name, `expected at most ${MAX_DATA_PKL_BYTES} bytes, got ${pickle.length}.`);
  await checkCrc(name, pickle);
  const order = Buffer.from(sources.get(`${folder}byteorder`)?.peek(0, 8) ?? Buffer.from('little')).toString('latin1');
  if (order !== 'little' && order !== 'big')
    fail('value', 'byteorder', `expected little or big, got ${JSON.stringify(order)}.`);

  const storages = new StorageTable(order === 'big', (key, storage) => {
    const source = sources.get(`${folder}data/${key}`);
    if (source?.length !== storage.byteLength)
      return fail(
        'storage',
        `data/${key}`,
        `expected ${storage.byteLength} bytes for ${storage.length} elements of ${storage.dtype}, got ${source?.length ?? 'no entry'}.`,
      );
    storage.place(source);
  });
  const { value } = runPickle(pickle, {
    file: `${path}:${name}`,
    tensorFile: path,
    allow,
    meanings: MEANINGS,
    eagerBytes: MAX_EAGER_BYTES,
    persistent: (id) => storages.resolve(id),
  });
  return {
    value,
    async verify({ signal } = {}) {
      for (const [name, source] of sources) await checkCrc(name, source, signal);
      return true;
    },
  };
}
