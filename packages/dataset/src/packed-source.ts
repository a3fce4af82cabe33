import type { FileHandle } from 'node:fs/promises';
import { openFailure as failure } from './errors.js';
import { byCodeUnits, type FileSource } from './file-source.js';
import { MAX_FILE_BYTES } from './limits.js';

/** Where a file lies in another. */
export interface PackedEntry {
  /** First byte of its content. */
  readonly start: number;
  readonly size: number;
  /** Its checksum, where it is known. */
  readonly crc?: number;
}

/**
 * Files that lie one after another in a file, not compressed.
 *
 * @param path - what errors call it.
 * @param close - releases the handle.
 */
export function packedSource(
  kind: 'tar' | 'parquet',
  path: string,
  handle: FileHandle,
  entries: ReadonlyMap<string, PackedEntry>,
  close: () => Promise<void>,
): FileSource {
  let closed = false;
  const part = async (name: string, from: number, length: number): Promise<Uint8Array> => {
    const entry = entries.get(name);
    if (!entry)
      throw failure(`corrupt-${kind}`, `${path}/${name}`, `an entry of the ${kind}`, 'none', 'Fetch or write it again');
    const size = Math.max(0, Math.min(length, entry.size - from));
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, entry.start + from);
    return buffer.subarray(0, bytesRead);
  };
  return {
    kind,
    names: [...entries.keys()].sort(byCodeUnits),
    pathOf: (name) => `${path}/${name}`,
    read: async (name, maxBytes = MAX_FILE_BYTES) => {
      const size = entries.get(name)?.size ?? 0;
      if (size > maxBytes)
        throw failure(
          'too-large',
          `${path}/${name}`,
          `a file of at most ${maxBytes} bytes`,
          `${size} bytes`,
          'Remove it or make it smaller',
        );
      return part(name, 0, size);
    },
    readPart: part,
    size: async (name) => entries.get(name)?.size ?? 0,
    identity: async (names) => names.map((name) => String(entries.get(name)?.crc ?? entries.get(name)?.size)),
    close: async () => {
      if (closed) return;
      closed = true;
      await close();
    },
  };
}
