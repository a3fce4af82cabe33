import type { PickleErrorCode } from './parse-error.js';
import type { PickleValue } from './values.js';

/** What a known name may use when its call is read. */
export interface CallContext {
  /** Throws the parse error at the current instruction. */
  readonly fail: (code: PickleErrorCode, text: string, cause?: unknown) => never;
  /** Path for the errors of a pickle inside the pickle. */
  readonly file: string;
  /**
   * Counts bytes that are about to be copied. All copies together stay within MAX_COPIES times the file's size: a small hostile file
   * could ask for the same bytes without end.
   */
  readonly spend: (bytes: number) => void;
  /** Counts items that are about to be gone through; all of them together stay within MAX_VISITS times the file's size. */
  readonly visit: (items: number) => void;
  /**
   * Asks for bytes of a tensor beyond those that its storage has.
   *
   * @returns false when all of them together would be more than MAX_EXPANDED_BYTES.
   */
  readonly expand: (bytes: number) => boolean;
}

/** What a call of a known name stands for. */
export type Meaning = (args: readonly PickleValue[], context: CallContext) => PickleValue;
