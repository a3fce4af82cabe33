import type { Dtype } from '../safetensors/dtype.js';

/** PyTorch's element types that are read. */
const READ: Readonly<Record<string, Dtype>> = {
  'torch.float16': 'F16',
  'torch.bfloat16': 'BF16',
  'torch.float32': 'F32',
  'torch.float64': 'F64',
  'torch.int8': 'I8',
  'torch.int16': 'I16',
  'torch.int32': 'I32',
  'torch.int64': 'I64',
  'torch.uint8': 'U8',
  'torch.uint16': 'U16',
  'torch.uint32': 'U32',
  'torch.uint64': 'U64',
  'torch.bool': 'BOOL',
  'torch.float8_e4m3fn': 'F8_E4M3',
  'torch.float8_e5m2': 'F8_E5M2',
  'torch.float8_e4m3fnuz': 'F8_E4M3FNUZ',
  'torch.float8_e5m2fnuz': 'F8_E5M2FNUZ',
  'torch.float8_e8m0fnu': 'F8_E8M0',
  'torch.complex32': 'C32',
  'torch.complex64': 'C64',
  'torch.complex128': 'C128',
};

/** Types of quantized tensors, whose numbers mean nothing without a scale. */
const QUANTIZED = ['qint8', 'quint8', 'qint32', 'quint4x2', 'quint2x4'];

/** Types that only few tools make: packed ones, and bits without a meaning. */
const RARE = [
  ...['float4_e2m1fn_x2', 'bcomplex32', 'bits8', 'bits16', 'bits1x8', 'bits2x4', 'bits4x2'],
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((bits) => [`int${bits}`, `uint${bits}`]),
];

/** Names of all element types. */
export const DTYPE_GLOBALS: readonly string[] = [
  ...Object.keys(READ),
  ...[...QUANTIZED, ...RARE].map((name) => `torch.${name}`),
];

/** The type of a name such as `torch.float16`; undefined for one that is not read. */
export const torchDtype = (name: string): Dtype | undefined => (Object.hasOwn(READ, name) ? READ[name] : undefined);

interface StorageType {
  readonly dtype: Dtype;
  readonly isQuantized: boolean;
}

const plain = (dtype: Dtype): StorageType => ({ dtype, isQuantized: false });
const quantized = (dtype: Dtype): StorageType => ({ dtype, isQuantized: true });

const STORAGES: Readonly<Record<string, StorageType>> = {
  HalfStorage: plain('F16'),
  BFloat16Storage: plain('BF16'),
  FloatStorage: plain('F32'),
  DoubleStorage: plain('F64'),
  CharStorage: plain('I8'),
  ShortStorage: plain('I16'),
  IntStorage: plain('I32'),
  LongStorage: plain('I64'),
  ByteStorage: plain('U8'),
  BoolStorage: plain('BOOL'),
  ComplexFloatStorage: plain('C64'),
  ComplexDoubleStorage: plain('C128'),
  QInt8Storage: quantized('I8'),
  QUInt8Storage: quantized('U8'),
  QInt32Storage: quantized('I32'),
  QUInt4x2Storage: quantized('U8'),
  QUInt2x4Storage: quantized('U8'),
};

/** Storages of bytes that get their type from the tensor. */
const UNTYPED = [
  ...['torch.UntypedStorage', 'torch.storage.UntypedStorage'],
  ...['torch._UntypedStorage', 'torch.storage._UntypedStorage'],
];

/** Names of torch's storages: all that the pickles inside a storage may use. */
export const STORAGE_GLOBALS: readonly string[] = [
  ...Object.keys(STORAGES).flatMap((name) => [`torch.${name}`, `torch.cuda.${name}`]),
  ...UNTYPED,
];

/** What a storage of this name holds. */
export function storageType(name: string): StorageType | undefined {
  if (UNTYPED.includes(name)) return plain('U8');
  const short = /^torch\.(?:cuda\.)?(\w+)$/.exec(name)?.[1];
  return short !== undefined && Object.hasOwn(STORAGES, short) ? STORAGES[short] : undefined;
}

/** Names of tensor classes, which old files and states of optimizers hold as values. */
export const TENSOR_CLASSES: readonly string[] = [
  'torch.Tensor',
  ...['torch.', 'torch.cuda.', 'torch.sparse.', 'torch.cuda.sparse.'].flatMap((module) =>
    ['BFloat16', 'Bool', 'Byte', 'Char', 'Double', 'Float', 'Half', 'Int', 'Long', 'Short'].map(
      (type) => `${module}${type}Tensor`,
    ),
  ),
];
