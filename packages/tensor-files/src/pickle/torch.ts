import { memorySource } from './byte-source.js';
import type { Meaning } from './call.js';
import { describe } from './describe.js';
import { NUMPY_GLOBALS } from './numpy.js';
import { PYTHON_GLOBALS } from './python.js';
import { DTYPE_GLOBALS, STORAGE_GLOBALS, TENSOR_CLASSES } from './torch-dtypes.js';
import { readLegacyStorage } from './torch-legacy.js';
import { REBUILD_MEANINGS } from './torch-rebuild.js';
import { TorchStorage } from './torch-tensor.js';
import { LongBytes } from './values.js';

/**
 * Names that tensors, state dicts and plain values beside them need: those that `torch.load` allows when it is told to load weights only, and
 * NumPy's arrays and numbers.
 */
export const TORCH_GLOBALS: readonly string[] = [
  ...NUMPY_GLOBALS,
  ...PYTHON_GLOBALS,
  ...STORAGE_GLOBALS,
  ...DTYPE_GLOBALS,
  ...TENSOR_CLASSES,
  ...Object.keys(REBUILD_MEANINGS),
  'torch.nn.parameter.Buffer',
  'torch.serialization._get_layout',
  ...['torch.per_tensor_affine', 'torch.per_tensor_symmetric', 'torch.per_channel_affine'],
  ...['torch.per_channel_symmetric', 'torch.per_channel_affine_float_qparams'],
  ...['torch.contiguous_format', 'torch.preserve_format', 'torch.channels_last', 'torch.channels_last_3d'],
  'torch.storage.TypedStorage',
  'torch.storage._load_from_bytes',
  'torch.device',
  'torch.Size',
];

/** `(bytes)`: a storage inside another pickle. */
const loadFromBytes: Meaning = ([bytes], { fail, file }) => {
  if (bytes instanceof LongBytes) return readLegacyStorage(bytes.source, `${file}: storage`);
  if (bytes instanceof Uint8Array) return readLegacyStorage(memorySource(bytes), `${file}: storage`);
  return fail('value', `expected bytes, got ${describe(bytes)}. The file is damaged.`);
};

/** A storage by its class: `(bytes)` untyped, or what a typed one wraps. */
const typedStorage: Meaning = ([storage], { fail }) =>
  storage instanceof TorchStorage
    ? storage
    : fail('value', `expected a storage, got ${describe(storage)}. The file is damaged.`);

const size: Meaning = ([sides], { fail }) =>
  Array.isArray(sides) ? sides : fail('value', `expected a shape, got ${describe(sides)}. The file is damaged.`);

/** What the names of {@link TORCH_GLOBALS} stand for; types, classes and devices are values only. */
export const TORCH_MEANINGS: Readonly<Record<string, Meaning>> = {
  ...REBUILD_MEANINGS,
  'torch.storage.TypedStorage': typedStorage,
  'torch.storage._load_from_bytes': loadFromBytes,
  'torch.Size': size,
};
