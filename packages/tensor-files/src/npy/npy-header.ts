import { NPY_DTYPES, type NpyDtype } from './npy-dtype.js';
import { type NpyType, parseNpyType } from './npy-type.js';
import { type NpyErrorCode, NpyParseError } from './parse-error.js';
import { parsePythonLiteral } from './python-literal.js';

/** Bytes before the header's length is known. */
export const NPY_PREAMBLE_BYTES = 12;

/** Longest header that is read: NumPy's own are below 200 bytes unless fields have names. */
export const MAX_NPY_HEADER_BYTES = 65_536;

/** Most axes, NumPy's bound since version 2. */
export const MAX_NPY_RANK = 64;

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59); // \x93NUMPY

/** What an npy file of numbers says about them. */
export interface NpyHeader extends AnyNpyHeader {
  readonly dtype: NpyDtype;
}

/** What an npy file says about its values, numbers or not. */
export interface AnyNpyHeader {
  readonly type: NpyType;
  readonly fortranOrder: boolean;
  readonly shape: number[];
  /** Where the values begin. */
  readonly dataStart: number;
}

/**
 * Reads the header of an npy file of numbers, versions 1 to 3.
 *
 * @param bytes - the file, or at least its header.
 * @param file - for errors.
 * @throws {NpyParseError} when it is damaged or of a kind that is not read; code `'dtype'` when it holds something else than numbers.
 */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
  const header = parseAnyHeader(bytes, file);
  return { ...header, dtype: numberType(header, file) };
}

/**
 * Reads the header of any npy file.
 *
 * @throws {NpyParseError} when it is damaged.
 */
export function parseAnyHeader(bytes: Uint8Array, file: string): AnyNpyHeader {
  const fail = (code: NpyErrorCode, offset: number, field: string, text: string, cause?: unknown): never => {
    throw new NpyParseError(code, { file, offset, field }, text, cause);
  };
  if (bytes.length < 10 || !MAGIC.every((byte, i) => byte === bytes[i])) {
    fail('not-npy', 0, 'magic', 'expected "\\x93NUMPY", got other bytes. Save it with numpy.save.');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint8(6);
  if (version < 1 || version > 3)
    fail('version', 6, 'version', `expected version 1 to 3, got ${version}. Save it again.`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start)
    fail('truncated', bytes.length, 'header length', 'expected a length, got the end. Fetch it again.');
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const most = Math.min(MAX_NPY_HEADER_BYTES, bytes.length - start);
  if (length > most) {
    fail('header-length', 8, 'header length', `expected at most ${most}, got ${length}. Fetch or save the file again.`);
  }
  const header = bytes.subarray(start, start + length);
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(header);

  const fields = parseFields(text);
  if (!fields)
    return fail(
      'header-text',
      start,
      'header',
      'expected descr, fortran_order and shape, got other text. Save the file again.',
    );
  const { type, fortranOrder, shape } = fields;
  if (shape.length > MAX_NPY_RANK || !shape.every(Number.isSafeInteger)) {
    fail(
      'shape',
      start,
      'shape',
      `expected at most ${MAX_NPY_RANK} sides below 2^53, got (${shape.join(', ')}). Save it again.`,
    );
  }
  return { type, fortranOrder, shape, dataStart: start + length };
}

type Fields = Pick<AnyNpyHeader, 'type' | 'fortranOrder' | 'shape'>;

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }` with its three keys in any order. */
function parseFields(text: string): Fields | undefined {
  const fields = parsePythonLiteral(text);
  if (!(fields instanceof Map) || fields.size !== 3) return undefined;
  const [descr, order, sides] = ['descr', 'fortran_order', 'shape'].map((key) => fields.get(key));
  const shape = typeof sides === 'number' ? [sides] : sides;
  if (descr === undefined || typeof order !== 'boolean' || !Array.isArray(shape)) return undefined;
  if (!shape.every((side): side is number => typeof side === 'number' && side >= 0)) return undefined;
  return { type: parseNpyType(descr), fortranOrder: order, shape };
}

/**
 * The type of an array whose numbers are wanted.
 *
 * @throws {NpyParseError} code `'dtype'` when it is none of numbers that are read.
 */
export function numberType({ type }: AnyNpyHeader, file: string): NpyDtype {
  if (type.dtype !== undefined) return type.dtype;
  const text = `expected one of ${NPY_DTYPES.join(' ')}, got ${type.what}. ${type.remedy}.`;
  throw new NpyParseError('dtype', { file, offset: 0, field: 'descr' }, text);
}

/** A version 1 header, padded so that the values begin at a multiple of 64 bytes. */
export function buildNpyHeader(dtype: NpyDtype, shape: readonly number[]): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${sides}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = Buffer.alloc(total, ' ');
  bytes.set(MAGIC);
  bytes.writeUInt16LE(1, 6); // version 1.0
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(text, 10, 'latin1');
  bytes.write('\n', total - 1);
  return bytes;
}
