import { type ByteSource, partOf } from './byte-source.js';
import { MAX_EAGER_BYTES } from './limits.js';
import type { MachineOptions } from './machine.js';
import { type PickleErrorCode, PickleParseError } from './parse-error.js';
import { runPickle } from './run-pickle.js';
import { StorageTable } from './storage-table.js';
import { STORAGE_GLOBALS } from './torch-dtypes.js';
import { TorchStorage } from './torch-tensor.js';
import type { PickleValue } from './values.js';

/** First pickle of torch's files before they were zips. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** Bytes of the element count before a storage's data. */
const COUNT_BYTES = 8;

/** A storage in torch's old format. */
export function readLegacyStorage(source: ByteSource, file: string): TorchStorage {
  const value = readLegacy(source, file, { allow: STORAGE_GLOBALS, meanings: {} });
  if (value instanceof TorchStorage) return value;
  throw new PickleParseError(
    'storage',
    { file, offset: 0, field: 'storage' },
    'expected a storage, got another value. The file is damaged: fetch it again.',
  );
}

/**
 * A file in torch's old format: five pickles (magic number, version, system, value, keys of the storages), then per key its number of
 * elements and raw data.
 *
 * @param options - names that the value may use, and what they stand for; the other pickles may use none.
 */
export function readLegacy(
  source: ByteSource,
  file: string,
  { allow, meanings }: Pick<MachineOptions, 'allow' | 'meanings'>,
): PickleValue {
  let storages = new StorageTable(false);
  let position = 0;
  const fail = (code: PickleErrorCode, field: string, text: string): never => {
    throw new PickleParseError(code, { file, offset: position, field }, `${text} The file is damaged: fetch it again.`);
  };
  const next = (names: readonly string[]): PickleValue => {
    const { value, end } = runPickle(source, {
      file,
      start: position,
      allow: names,
      meanings,
      eagerBytes: MAX_EAGER_BYTES,
      persistent: (id) => storages.resolve(id),
    });
    position = end;
    return value;
  };
  const [magic, version, system] = [next([]), next([]), next([])];
  if (magic !== MAGIC || version !== PROTOCOL)
    fail('protocol', 'magic number', 'expected a file of torch.save, got another.');
  if (system instanceof Map && system.get('little_endian') === false) storages = new StorageTable(true);
  const value = next(allow);
  const keys = next([]);
  if (!Array.isArray(keys) || keys.length !== storages.size)
    return fail('storage', 'keys', `expected ${storages.size} keys of storages, got another list.`);
  for (const key of keys) {
    const storage = typeof key === 'string' || typeof key === 'number' ? storages.get(String(key)) : undefined;
    if (!storage || storage.isPlaced) return fail('storage', 'keys', 'expected each storage once, got another key.');
    const count = source.peek(position, COUNT_BYTES);
    const length =
      count.length < COUNT_BYTES ? -1 : Number(new DataView(count.buffer, count.byteOffset).getBigInt64(0, true));
    if (length !== storage.length)
      fail('storage', `storage ${key}`, `expected ${storage.length} elements, got ${length < 0 ? 'the end' : length}.`);
    position += COUNT_BYTES;
    if (position + storage.byteLength > source.length)
      fail('truncated', `storage ${key}`, `expected ${storage.byteLength} bytes, got ${source.length - position}.`);
    storage.place(partOf(source, position, storage.byteLength));
    position += storage.byteLength;
  }
  return value;
}
