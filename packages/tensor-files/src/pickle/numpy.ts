import { npyBytes } from '../npy/npy-dtype.js';
import { parseNpyType } from '../npy/npy-type.js';
import { decodeValues } from '../npy/npy-values.js';
import type { CallContext, Meaning } from './call.js';
import { describe, isCount } from './describe.js';
import { MAX_PICKLE_RANK } from './limits.js';
import { LongBytes, PickledArray, PickledDtype, PickleGlobal, PickleObject, type PickleValue } from './values.js';

/** Names that arrays and numbers of NumPy need, of NumPy 1 and 2 and of Python 2. */
export const NUMPY_GLOBALS: readonly string[] = [
  'numpy.dtype',
  'numpy.ndarray',
  'numpy.core.multiarray._reconstruct',
  'numpy._core.multiarray._reconstruct',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  'numpy.core.numeric._frombuffer',
  'numpy._core.numeric._frombuffer',
  '_codecs.encode',
  'builtins.bytearray',
  '__builtin__.bytes',
  '__builtin__.bytearray',
];

const AGAIN = 'Only plain numbers and booleans are read: save it as npz.';

const dtype: Meaning = ([code], { fail }) => {
  if (typeof code !== 'string' || !/^[a-zA-Z]\w{0,9}$/.test(code))
    return fail('value', `expected an element type such as "f4", got ${describe(code)}. ${AGAIN}`);
  return new PickledDtype(code);
};

const reconstruct: Meaning = ([kind], { fail }) => {
  if (!(kind instanceof PickleGlobal) || kind.name !== 'numpy.ndarray')
    return fail('value', `expected numpy.ndarray, got ${describe(kind)}. ${AGAIN}`);
  return new PickledArray();
};

const scalar: Meaning = ([type, bytes], context) => {
  const array = fill(new PickledArray(), [], type, false, bytes, context);
  if (array.unread) return array;
  const [value, imaginary] = array.data;
  if (value !== undefined && imaginary !== undefined)
    return new PickleObject('builtins.complex', [value, imaginary], new Map());
  return value ?? context.fail('value', 'expected the bytes of a number, got none. The file is damaged.');
};

const frombuffer: Meaning = ([bytes, type, shape, order], context) =>
  fill(new PickledArray(), shape, type, order === 'F', bytes, context);

/** Python 2's spelling of bytes: text of the same code points. */
const encode: Meaning = ([text, encoding], { fail, spend }) => {
  if (typeof text !== 'string' || encoding !== 'latin1')
    return fail(
      'value',
      `expected text as latin1, got ${describe(text)} as ${describe(encoding)}. The file is damaged.`,
    );
  spend(text.length);
  return latin1Bytes(text) ?? fail('value', 'expected text of latin1, got other characters. The file is damaged.');
};

const bytes: Meaning = (args, context) => {
  const { fail } = context;
  const [value] = args;
  if (args.length === 2 && args[1] === 'latin-1') return encode([value as PickleValue, 'latin1'], context);
  if (args.length === 0) return new Uint8Array();
  if (args.length === 1 && (value instanceof Uint8Array || value instanceof LongBytes)) return value;
  return fail('value', `expected bytes, got ${describe(value)}. The file is damaged.`);
};

/** What the names of {@link NUMPY_GLOBALS} stand for; those that are values only, like `numpy.ndarray`, stay names. */
export const NUMPY_MEANINGS: Readonly<Record<string, Meaning>> = {
  'numpy.dtype': dtype,
  'numpy.core.multiarray._reconstruct': reconstruct,
  'numpy._core.multiarray._reconstruct': reconstruct,
  'numpy.core.multiarray.scalar': scalar,
  'numpy._core.multiarray.scalar': scalar,
  'numpy.core.numeric._frombuffer': frombuffer,
  'numpy._core.numeric._frombuffer': frombuffer,
  '_codecs.encode': encode,
  'builtins.bytearray': bytes,
  '__builtin__.bytes': bytes,
  '__builtin__.bytearray': bytes,
};

/** State of an element type: `(version, byte order, subtype, names, fields, size, alignment, flags)`. */
export function buildDtype(target: PickledDtype, state: PickleValue, { fail }: CallContext): void {
  const [, order, ...structure] = Array.isArray(state) ? state : [];
  if (typeof order !== 'string' || !['<', '|', '=', '>'].includes(order))
    fail('value', `expected a byte order, got ${describe(order)}. The file is damaged.`);
  target.order = order as string;
  target.isCompound = structure.slice(0, 3).some((part) => part !== null);
}

/** State of an array: `(version, shape, type, is Fortran-ordered, bytes)`. */
export function buildArray(target: PickledArray, state: PickleValue, context: CallContext): void {
  const [shape, type, isFortran, content] = Array.isArray(state) ? state.slice(-4) : [];
  fill(target, shape, type, isFortran === true, content, context);
}

function fill(
  target: PickledArray,
  shape: PickleValue | undefined,
  type: PickleValue | undefined,
  isFortran: boolean,
  content: PickleValue | undefined,
  { fail, spend }: CallContext,
): PickledArray {
  if (!isShape(shape)) return fail('value', `expected a shape, got ${describe(shape)}. The file is damaged.`);
  if (!(type instanceof PickledDtype))
    return fail('value', `expected an element type, got ${describe(type)}. The file is damaged.`);
  const { dtype, isBigEndian, what = '', remedy = '' } = typeOf(type);
  if (dtype === undefined) {
    target.shape = shape;
    target.unread = { what: `an array of ${what}`, remedy };
    return target;
  }
  const stored = typeof content === 'string' ? latin1Bytes(content) : content;
  if (!(stored instanceof Uint8Array || stored instanceof LongBytes))
    return fail('value', `expected bytes, got ${describe(content)}. ${AGAIN}`);
  const size = shape.includes(0) ? 0 : shape.reduce((product, side) => product * side, npyBytes(dtype));
  if (stored.length !== size)
    return fail('value', `expected ${size} bytes for ${dtype} [${shape}], got ${stored.length}. The file is damaged.`);
  spend(size);
  const view = stored instanceof LongBytes ? stored.source.peek(0, size) : stored;
  if (view.length !== size)
    return fail('truncated', `expected ${size} bytes, got ${view.length}. Read the file again.`);
  target.dtype = dtype;
  target.shape = shape;
  target.data = decodeValues(new Uint8Array(view), { dtype, isBigEndian, fortranOrder: isFortran, shape });
  return target;
}

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_PICKLE_RANK && value.every(isCount);

/** '=' and a type that never got a state are of the writer's own order; every machine in use is little-endian. */
const typeOf = ({ code, order, isCompound }: PickledDtype) =>
  isCompound ? parseNpyType([[code]]) : parseNpyType(`${order === '=' ? '<' : order}${code}`);

function latin1Bytes(text: string): Uint8Array | undefined {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return undefined;
  return Buffer.from(text, 'latin1');
}
