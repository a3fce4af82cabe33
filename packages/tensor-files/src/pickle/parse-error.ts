/** What is wrong with a pickle or torch file; stable, for callers that branch. */
export type PickleErrorCode =
  /** It is an intact file of another kind, which the message names. */
  | 'other-kind'
  /** It names a class or function that the caller did not allow. */
  | 'global'
  /** The file ends too early. */
  | 'truncated'
  /** An instruction that is not one of protocols 0 to 5, or one that is not read. */
  | 'opcode'
  | 'protocol'
  /** An instruction that finds other values than it needs. */
  | 'stack'
  /** Arguments or state that do not fit what is named. */
  | 'value'
  | 'text'
  | 'too-large'
  | 'persistent-id'
  /** A storage that is missing, or of another size than its tensors need. */
  | 'storage'
  | 'trailing-bytes'
  | 'zip'
  | 'crc';

/** Where in a file something is wrong. */
export interface PickleErrorPlace {
  /** Path as it was given, `<bytes>` when there is none. */
  readonly file: string;
  /** Byte offset from the pickle's start. */
  readonly offset: number;
  /** The instruction, name or entry. */
  readonly field: string;
}

/** A file is not the pickle that it should be: damaged, made to mislead, or asking for what was not allowed. */
export class PickleParseError extends Error {
  override readonly name = 'PickleParseError';
  readonly code: PickleErrorCode;
  readonly file: string;
  readonly offset: number;
  readonly field: string;
  /** The name that was not allowed, of code `'global'`. */
  readonly global: string | undefined;

  /** @param text - `expected …, got …. <Remedy>.`; the place is put around it. */
  constructor(code: PickleErrorCode, place: PickleErrorPlace, text: string, cause?: unknown, global?: string) {
    super(`readPickle: ${text} (${place.file}, byte ${place.offset}, ${place.field})`, { cause });
    this.code = code;
    this.file = place.file;
    this.offset = place.offset;
    this.field = place.field;
    this.global = global;
  }
}
