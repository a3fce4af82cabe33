import { pipeline, Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { crc32 } from '../npy/crc32.js';
import type { ZipEntry } from './directory.js';
import { checkZipEntry, checkZipHeader, STORED } from './entries.js';
import { readAt, type ZipReader } from './reader.js';
import { ZipError } from './zip-error.js';

/** Bytes of the file that are read at a time when nothing else is asked for. */
const BLOCK_BYTES = 1 << 20;

/** Options of {@link readZipChunks}. */
export interface ZipChunksOptions {
  readonly blockBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An entry's content in pieces as they come, inflated where it is deflated. Its size and CRC-32 are compared when all of it was read.
 *
 * @throws {ZipError} (rejects) with the damage in words.
 */
export async function* readZipChunks(
  reader: ZipReader,
  entry: ZipEntry,
  { signal, blockBytes = BLOCK_BYTES }: ZipChunksOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  checkZipEntry(entry);
  const { compressedSize, uncompressedSize } = entry;
  const start = await checkZipHeader(reader, entry);
  async function* stored(): AsyncGenerator<Buffer, void, undefined> {
    for (let at = 0; at < compressedSize; at += blockBytes) {
      signal?.throwIfAborted();
      yield await readAt(reader, start + at, Math.min(blockBytes, compressedSize - at));
    }
  }
  let [size, crc] = [0, 0];
  for await (const piece of entry.compressionMethod === STORED ? stored() : inflated(stored())) {
    size += piece.length;
    if (size > uncompressedSize) break;
    crc = crc32(piece, crc);
    yield piece;
  }
  if (size !== uncompressedSize)
    throw new ZipError(
      'damaged',
      `an entry that inflates to ${size < uncompressedSize ? size : `more than ${uncompressedSize}`} bytes, not ${uncompressedSize}`,
    );
  if (crc !== entry.crc32) throw new ZipError('crc', 'data that do not fit their CRC-32');
}

async function* inflated(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const inflate = createInflateRaw();
  // Errors of either end come out of the iteration below.
  const done = pipeline(Readable.from(source), inflate, () => {});
  try {
    for await (const piece of done) yield piece as Buffer;
  } catch (cause) {
    if (cause instanceof Error && 'errno' in cause && String((cause as NodeJS.ErrnoException).code).startsWith('Z_'))
      throw new ZipError('damaged', 'data that do not inflate', cause);
    throw cause;
  }
}
