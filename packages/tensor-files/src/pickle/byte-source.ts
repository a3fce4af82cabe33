import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/** Bytes that can be read at any place: of memory, or of an open file. */
export interface ByteSource {
  readonly length: number;
  /**
   * Bytes at once, for the few that an instruction needs.
   *
   * @returns a view, shorter than asked for where the source ends.
   */
  peek(offset: number, length: number): Uint8Array;
  /**
   * Bytes as a copy of their own, for tensors.
   *
   * @throws {RangeError} (rejects) when the source ends before.
   */
  load(offset: number, length: number): Promise<ArrayBuffer>;
}

/** Bytes of a file that are read together for instructions, which take a few each. */
const WINDOW_BYTES = 1 << 16;

/** Largest single read, below every platform's limit of 2 GiB. */
const MAX_READ_BYTES = 1 << 30;

/** A source over memory. */
export const memorySource = (bytes: Uint8Array): ByteSource => ({
  length: bytes.length,
  peek: (offset, length) => bytes.subarray(offset, offset + length),
  load: async (offset, length) => {
    if (offset + length > bytes.length) throw endError(length, offset, bytes.length - offset);
    return new Uint8Array(bytes.subarray(offset, offset + length)).buffer;
  },
});

/** A source over an open file; the handle stays the caller's. */
export function fileSource(handle: FileHandle, length: number): ByteSource {
  let windowAt = 0;
  let window = new Uint8Array();
  const fill = (bytes: Uint8Array, offset: number): number => {
    let done = 0;
    while (done < bytes.length) {
      const read = readSync(handle.fd, bytes, done, Math.min(bytes.length - done, MAX_READ_BYTES), offset + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  };
  return {
    length,
    peek(offset, wanted) {
      const count = Math.max(0, Math.min(wanted, length - offset));
      if (offset < windowAt || offset + count > windowAt + window.length) {
        const bytes = new Uint8Array(Math.min(Math.max(count, WINDOW_BYTES), length - offset));
        window = bytes.subarray(0, fill(bytes, offset));
        windowAt = offset;
      }
      return window.subarray(offset - windowAt, offset - windowAt + count);
    },
    async load(offset, wanted) {
      const bytes = new Uint8Array(wanted);
      for (let done = 0; done < wanted; ) {
        const { bytesRead } = await handle.read(bytes, done, Math.min(wanted - done, MAX_READ_BYTES), offset + done);
        if (bytesRead === 0) throw endError(wanted, offset, done);
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

const endError = (length: number, offset: number, got: number): RangeError =>
  new RangeError(`load: expected ${length} bytes at ${offset}, got ${Math.max(0, got)}. The file became shorter.`);

/** A part of a source as a source; `offset + length` is within it. */
export const partOf = (source: ByteSource, offset: number, length: number): ByteSource => ({
  length,
  peek: (at, wanted) => source.peek(offset + at, Math.max(0, Math.min(wanted, length - at))),
  load: async (at, wanted) => {
    if (at + wanted > length) throw endError(wanted, at, length - at);
    return source.load(offset + at, wanted);
  },
});
