import type { NpyDtype } from './npy-dtype.js';
import type { PythonLiteral } from './python-literal.js';

/** The element type that a header says. */
export interface NpyType {
  /** As the header has it. */
  readonly descr: string;
  /** As it is read; undefined for a type that is not. */
  readonly dtype: NpyDtype | undefined;
  readonly isBigEndian: boolean;
  /** Texts of this many characters: UTF-32 or single bytes. */
  readonly text?: { readonly characters: number; readonly isWide: boolean };
  /** For a type that is not read: what it is, and what helps. */
  readonly what?: string;
  readonly remedy?: string;
}

/** Types by kind and bytes, as NumPy writes them. */
const SIZED: Readonly<Record<string, NpyDtype>> = {
  ...{ f2: '<f2', f4: '<f4', f8: '<f8', c8: '<c8', c16: '<c16', b1: '|b1' },
  ...{ i1: '|i1', i2: '<i2', i4: '<i4', i8: '<i8', u1: '|u1', u2: '<u2', u4: '<u4', u8: '<u8' },
};

/** Their other spellings, which NumPy reads and other writers use: by C's type, and by name. */
const ALIASES: Readonly<Record<string, string>> = {
  ...{ '?': 'b1', b: 'i1', B: 'u1', h: 'i2', H: 'u2', i: 'i4', I: 'u4', l: 'i8', L: 'u8', q: 'i8', Q: 'u8' },
  ...{ e: 'f2', f: 'f4', d: 'f8', F: 'c8', D: 'c16', bool: 'b1', int: 'i8', float: 'f8', complex: 'c16' },
  ...{ int8: 'i1', int16: 'i2', int32: 'i4', int64: 'i8', uint8: 'u1', uint16: 'u2', uint32: 'u4', uint64: 'u8' },
  ...{ float16: 'f2', float32: 'f4', float64: 'f8', complex64: 'c8', complex128: 'c16' },
};

/** Longest text of an element that is read. */
const MAX_TEXT_CHARACTERS = 1 << 16;

/** The element type of a header's descr: a code, or the fields of a record. */
export function parseNpyType(descr: PythonLiteral): NpyType {
  if (typeof descr !== 'string')
    return unread(
      Array.isArray(descr) ? `records of the fields ${fieldsOf(descr)}` : 'another value',
      Array.isArray(descr) ? 'Save each field as an array of its own' : 'Save the array again',
      '',
    );
  const [, order = '', code = ''] = /^([<>=|]?)(.*)$/s.exec(descr) ?? [];
  const sized = Object.hasOwn(ALIASES, code) ? (ALIASES[code] ?? code) : code;
  const dtype = Object.hasOwn(SIZED, sized) ? SIZED[sized] : undefined;
  if (dtype !== undefined) return { descr, dtype, isBigEndian: order === '>' && !dtype.startsWith('|') };
  const text = /^([USa])(\d{1,9})$/.exec(code);
  const characters = Number(text?.[2]);
  if (text && characters <= MAX_TEXT_CHARACTERS)
    return {
      ...unread(`texts (${descr})`, 'Save numbers alone', descr),
      isBigEndian: order === '>',
      text: { characters, isWide: text[1] === 'U' },
    };
  return unread(...describeCode(code, descr), descr);
}

/** Names of a record's first fields. */
function fieldsOf(descr: readonly PythonLiteral[]): string {
  const names = descr.map((field) => (Array.isArray(field) ? field.flat()[0] : field));
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}

const unread = (what: string, remedy: string, descr: string): NpyType => ({
  descr,
  dtype: undefined,
  isBigEndian: false,
  what,
  remedy,
});

function describeCode(code: string, descr: string): [what: string, remedy: string] {
  if (/^O/.test(code)) return ['Python objects', 'Save plain numbers: array.astype(float)'];
  if (/^[mM]/.test(code)) return [`dates or times (${descr})`, 'Save them as integers: array.astype("i8")'];
  if (/^(f1[26]|g|longdouble)$/.test(code))
    return [`long doubles (${descr})`, 'Save them as float64: array.astype("f8")'];
  if (/^(c24|c32|G)$/.test(code))
    return [`long complex numbers (${descr})`, 'Save them as complex128: array.astype("c16")'];
  if (/^V2$/.test(code)) return [`bytes without a type (${descr}), as bfloat16 is stored`, 'Save them as float32'];
  if (/^V/.test(code)) return [`bytes without a type (${descr})`, 'Save them with their type'];
  return [descr, 'Convert the array before saving'];
}
