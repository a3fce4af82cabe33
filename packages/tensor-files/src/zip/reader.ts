import { ZipError } from './zip-error.js';

/** What a zip is read from: an open file, or {@link zipBytes}. */
export interface ZipReader {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

/** A zip in memory. */
export const zipBytes = (bytes: Uint8Array): ZipReader => ({
  read: async (buffer, offset, length, position) => {
    const part = bytes.subarray(position, position + length);
    buffer.set(part, offset);
    return { bytesRead: part.length };
  },
});

/** Largest single read, below every platform's limit of 2 GiB. */
const MAX_READ_BYTES = 1 << 30;

/**
 * Fills a buffer. The caller has checked that all of it lies within the file.
 *
 * @throws {ZipError} (rejects) when the file ends before.
 */
export async function readAt(reader: ZipReader, position: number, length: number): Promise<Buffer> {
  const buffer = allocate(length);
  for (let done = 0; done < length; ) {
    const most = Math.min(length - done, MAX_READ_BYTES);
    const { bytesRead } = await reader.read(buffer, done, most, position + done);
    if (bytesRead === 0) throw new ZipError('damaged', `the end of the file ${length - done} bytes too early`);
    done += bytesRead;
  }
  return buffer;
}

function allocate(length: number): Buffer {
  try {
    return Buffer.allocUnsafeSlow(length);
  } catch (cause) {
    throw new ZipError('too-large', `${length} bytes, more than there is memory for,`, cause);
  }
}
