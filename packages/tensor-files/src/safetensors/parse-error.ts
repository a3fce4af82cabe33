/** What is wrong with a file; stable, for callers that branch. */
export type SafetensorsErrorCode =
  /** It is an intact file of another kind, which the message names. */
  | 'other-kind'
  | 'too-short'
  | 'header-length'
  | 'header-text'
  | 'header-json'
  | 'duplicate-name'
  | 'too-many-tensors'
  | 'metadata'
  | 'entry'
  | 'dtype'
  | 'shape'
  | 'offsets'
  | 'overlap'
  | 'gap'
  | 'truncated'
  | 'trailing-bytes'
  | 'checksum'
  | 'no-checksum';

/** Where in a file something is wrong. */
export interface SafetensorsErrorPlace {
  /** Path as it was given. */
  readonly file: string;
  /** Byte offset from the file's start. */
  readonly offset: number;
  /** The field or tensor: `header length`, `unet.out_gain.shape`. */
  readonly field: string;
}

/** A file is not the safetensors file that it should be: damaged, truncated, or made to mislead. */
export class SafetensorsParseError extends Error {
  override readonly name = 'SafetensorsParseError';
  readonly code: SafetensorsErrorCode;
  readonly file: string;
  readonly offset: number;
  readonly field: string;

  /** @param text - `expected …, got …. <Remedy>.`; the place is put around it. */
  constructor(code: SafetensorsErrorCode, place: SafetensorsErrorPlace, text: string, cause?: unknown) {
    super(`readSafetensors: ${text} (${place.file}, byte ${place.offset}, ${place.field})`, { cause });
    this.code = code;
    this.file = place.file;
    this.offset = place.offset;
    this.field = place.field;
  }
}
