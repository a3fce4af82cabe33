import { isNpyDtype, NPY_DTYPES, type NpyDtype } from './npy-dtype.js';
import { type NpyErrorCode, NpyParseError } from './parse-error.js';

/** Longest header that is read: NumPy's own are below 200 bytes unless fields have names, which are not read anyway. */
export const MAX_NPY_HEADER_BYTES = 65_536;

/** Most axes, NumPy's bound since version 2. */
export const MAX_NPY_RANK = 64;

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59); // \x93NUMPY

/** What an npy file says about its values. */
export interface NpyHeader {
  readonly dtype: NpyDtype;
  readonly fortranOrder: boolean;
  readonly shape: number[];
  /** Where the values begin. */
  readonly dataStart: number;
}

/**
 * Reads the header of an npy file, versions 1 to 3.
 *
 * @param bytes - the file, or at least its header.
 * @param file - for errors.
 * @throws {NpyParseError} when it is damaged or of a kind that is not read.
 */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
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

  const fields = parseLiteral(text);
  if (!fields)
    return fail(
      'header-text',
      start,
      'header',
      'expected descr, fortran_order and shape, got other text. Save the file again.',
    );
  const { descr, fortranOrder, shape } = fields;
  if (!isNpyDtype(descr)) {
    const why = descr.startsWith('>')
      ? 'big-endian values. Save it with .astype(a.dtype.newbyteorder("<"))'
      : descr.includes('O')
        ? 'Python objects. Save plain numbers'
        : `${descr}. Convert the array before saving`;
    return fail('dtype', start, 'descr', `expected one of ${NPY_DTYPES.join(' ')}, got ${why}.`);
  }
  if (shape.length > MAX_NPY_RANK || !shape.every(Number.isSafeInteger)) {
    fail(
      'shape',
      start,
      'shape',
      `expected at most ${MAX_NPY_RANK} sides below 2^53, got (${shape.join(', ')}). Save it again.`,
    );
  }
  return { dtype: descr, fortranOrder, shape, dataStart: start + length };
}

interface Fields {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: number[];
}

const FIELD =
  /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*(?:(['"])([^'"\\]*)\3|(True|False)|\(([\d\s,L]*)\)|(\[[^\]]*\]))\s*(,|(?=\}))/y;

/** The Python literal `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }` with its three keys in any order. */
function parseLiteral(text: string): Fields | undefined {
  const end = text.lastIndexOf('}');
  if (!text.startsWith('{') || end < 0 || text.slice(end + 1).trim() !== '') return undefined;
  const found = new Map<string, RegExpExecArray>();
  FIELD.lastIndex = 1;
  let at = 1;
  for (let match = FIELD.exec(text); match; match = FIELD.exec(text)) {
    if (found.has(match[2] ?? '')) return undefined;
    found.set(match[2] ?? '', match);
    at = FIELD.lastIndex;
  }
  if (text.slice(at, end).trim() !== '' || found.size !== 3) return undefined;
  // Records have a list here; it is reported as a type that is not read.
  const descr = found.get('descr')?.[4] ?? found.get('descr')?.[7];
  const order = found.get('fortran_order')?.[5];
  const sides = found.get('shape')?.[6];
  if (descr === undefined || order === undefined || sides === undefined) return undefined;
  const parts = sides.split(',').map((side) => side.trim());
  if (parts.at(-1) === '') parts.pop();
  if (!parts.every((side) => /^\d+L?$/.test(side))) return undefined;
  return { descr, fortranOrder: order === 'True', shape: parts.map((side) => Number.parseInt(side, 10)) };
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
