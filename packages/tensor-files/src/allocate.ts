import { constants } from 'node:buffer';

/** What did not fit, for the error. */
export interface Oversize {
  /** The function that was called. */
  readonly fn: string;
  /** The tensor and its file: `w of model.safetensors`. */
  readonly what: string;
  /** How it can be read nevertheless. */
  readonly remedy: string;
}

/**
 * Memory for values.
 *
 * @throws {RangeError} when Node.js cannot hold so many bytes at once: 4 GiB with version 20, or less where memory is short.
 */
export function allocate(bytes: number, oversize: Oversize): Uint8Array<ArrayBuffer> {
  checkSize(bytes, oversize);
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw tooLarge(bytes, 'there is memory for', oversize, cause);
  }
}

/** @throws {RangeError} as {@link allocate}, without reserving anything. */
export function checkSize(bytes: number, oversize: Oversize): void {
  if (bytes > constants.MAX_LENGTH) throw tooLarge(bytes, 'Node.js can hold at once', oversize);
}

function tooLarge(bytes: number, limit: string, { fn, what, remedy }: Oversize, cause?: unknown): RangeError {
  return new RangeError(`${fn}: expected no more bytes than ${limit}, got ${bytes} for ${what}. ${remedy}.`, { cause });
}
