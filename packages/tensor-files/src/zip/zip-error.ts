/** What is wrong with a zip; stable, for callers that branch. */
export type ZipErrorCode =
  /** No zip, or one that is cut off or changed. */
  | 'damaged'
  /** Two entries of one name. */
  | 'duplicate-name'
  /** An entry, or the directory, needs a password. */
  | 'encrypted'
  /** An entry is compressed in another way than by deflate. */
  | 'method'
  /** A zip in several parts. */
  | 'parts'
  /** More entries or bytes than the caller takes. */
  | 'too-large'
  /** Data that do not fit their CRC-32. */
  | 'crc';

/** A zip that cannot be read. The message is the fault in words, without a file's name and a remedy: those are the caller's. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
  readonly code: ZipErrorCode;

  constructor(code: ZipErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
