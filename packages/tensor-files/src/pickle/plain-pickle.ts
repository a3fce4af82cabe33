import { looksLikePickle } from '../identify/pickle-heads.js';
import type { ByteSource } from './byte-source.js';
import type { MachineOptions } from './machine.js';
import { PickleParseError } from './parse-error.js';
import { runPickle } from './run-pickle.js';
import type { PickleValue } from './values.js';

/** A file that is one pickle and nothing more. */
export function readPlainPickle(source: ByteSource, options: MachineOptions): PickleValue {
  const { value, end } = runPickle(source, options);
  const more = source.length - end;
  if (more === 0) return value;
  const isPickle = looksLikePickle(source.peek(end, 256), source.peek(source.length - 1, 1)[0]);
  const text = isPickle
    ? `expected one pickle, got another after it, from byte ${end} on. Save each in a file of its own.`
    : `expected the file to end at byte ${end}, got ${more} bytes more. Fetch or save it again.`;
  throw new PickleParseError('trailing-bytes', { file: options.file, offset: end, field: 'end' }, text);
}
