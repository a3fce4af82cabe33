/** What is wrong with an array file; stable, for callers that branch. */
export type NpyErrorCode =
  /** It is an intact file of another kind, which the message names. */
  | 'other-kind'
  | 'not-npy'
  | 'version'
  | 'header-length'
  | 'header-text'
  | 'dtype'
  | 'shape'
  | 'truncated'
  | 'trailing-bytes'
  | 'zip'
  | 'duplicate-name'
  | 'too-large'
  | 'crc';

/** Where in a file something is wrong. */
export interface NpyErrorPlace {
  /** Path as it was given, `<bytes>` when there is none; members of an archive follow after a colon. */
  readonly file: string;
  /** Byte offset from the array's start (within an archive: from the member's start). */
  readonly offset: number;
  /** The field or member: `descr`, `mu.npy`. */
  readonly field: string;
}

/** A file is not the npy or npz file that it should be: damaged, truncated, or of a kind that is not read. */
export class NpyParseError extends Error {
  override readonly name = 'NpyParseError';
  readonly code: NpyErrorCode;
  readonly file: string;
  readonly offset: number;
  readonly field: string;

  /** @param text - `expected …, got …. <Remedy>.`; the place is put around it. */
  constructor(code: NpyErrorCode, place: NpyErrorPlace, text: string, cause?: unknown) {
    super(`readNpy: ${text} (${place.file}, byte ${place.offset}, ${place.field})`, { cause });
    this.code = code;
    this.file = place.file;
    this.offset = place.offset;
    this.field = place.field;
  }
}
