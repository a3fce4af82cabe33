import { decodeNpy, isNpyDtype, type NpyDtype, npyBytes } from '../npy/npy-dtype.js';
import { toRowMajor } from '../npy/npy-values.js';
import type { CallContext, Meaning } from './call.js';
import { describe, isCount } from './describe.js';
import { MAX_PICKLE_RANK } from './limits.js';
import { LongBytes, PickledArray, PickledDtype, PickleGlobal, type PickleValue } from './values.js';

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
  if (typeof code !== 'string' || !/^[biuf]\d$/.test(code))
    return fail('value', `expected an element type such as "f4", got ${describe(code)}. ${AGAIN}`);
  return new PickledDtype(code);
};

const reconstruct: Meaning = ([kind], { fail }) => {
  if (!(kind instanceof PickleGlobal) || kind.name !== 'numpy.ndarray')
    return fail('value', `expected numpy.ndarray, got ${describe(kind)}. ${AGAIN}`);
  return new PickledArray();
};

const scalar: Meaning = ([type, bytes], context) => {
  const [value] = fill(new PickledArray(), [], type, false, bytes, context).data;
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
  if (structure.slice(0, 3).some((part) => part !== null))
    fail('value', `expected a plain element type, got one with fields. ${AGAIN}`);
  target.order = order as string;
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
  const dtype = dtypeOf(type);
  if (dtype === undefined)
    return fail('value', `expected little-endian numbers or booleans, got ${describe(type)}. ${AGAIN}`);
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
  const data = decodeNpy(dtype, new Uint8Array(view).buffer);
  target.dtype = dtype;
  target.shape = shape;
  target.data = isFortran && shape.length > 1 ? toRowMajor(data, shape) : data;
  return target;
}

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_PICKLE_RANK && value.every(isCount);

function dtypeOf(type: PickleValue | undefined): NpyDtype | undefined {
  if (!(type instanceof PickledDtype)) return undefined;
  // '=' and a dtype that never got a state are the writer's own order; every machine in use is little-endian.
  const order = type.code.endsWith('1') ? '|' : type.order === '=' || type.order === '|' ? '<' : type.order;
  const name = order + type.code;
  return isNpyDtype(name) ? name : undefined;
}

function latin1Bytes(text: string): Uint8Array | undefined {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return undefined;
  return Buffer.from(text, 'latin1');
}
