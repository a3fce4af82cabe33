import { describeOtherBytes } from '../identify/identify-file.js';
import { isLegacyTorch } from '../identify/pickle-heads.js';
import { memorySource } from './byte-source.js';
import { MEANINGS } from './meanings.js';
import { PickleParseError } from './parse-error.js';
import { readPlainPickle } from './plain-pickle.js';
import { readLegacy } from './torch-legacy.js';
import type { PickleValue } from './values.js';

/** Options of {@link readPickle}. */
export interface ReadPickleOptions {
  /**
   * Names that the file may use, `module.name`: {@link NUMPY_GLOBALS}, {@link TORCH_GLOBALS}, {@link SNAPSHOT_GLOBALS}, your own.
   * Those three have a meaning here; any other becomes a `PickleObject` that keeps its parts.
   */
  readonly allow: Iterable<string>;
  /** Path for errors. Default `<bytes>`. */
  readonly file?: string;
}

/**
 * Reads a pickle of any protocol, or a file of torch.save from before its files were zips. Nothing in the file is executed: names
 * that are not allowed are refused, and allowed ones stand for values.
 *
 * @param bytes - the whole file; tensors are views of it.
 * @throws {PickleParseError} code `'global'` for a name that is not allowed; another code when the file is damaged or of a kind that is not read.
 */
export function readPickle(bytes: Uint8Array, { allow, file = '<bytes>' }: ReadPickleOptions): PickleValue {
  const source = memorySource(bytes);
  const options = { allow: [...allow], meanings: MEANINGS };
  try {
    if (isLegacyTorch(bytes)) return readLegacy(source, file, options);
    return readPlainPickle(source, { ...options, file, eagerBytes: Number.POSITIVE_INFINITY });
  } catch (error) {
    const other = describeOtherBytes(bytes, EXPECTED);
    if (other === undefined) throw error;
    throw new PickleParseError('other-kind', { file, offset: 0, field: 'start' }, other, error);
  }
}

const EXPECTED = { what: 'a pickle of Python', kinds: ['pickle', 'torch-legacy'] } as const;
