import { memorySource } from './byte-source.js';
import type { Meaning } from './call.js';
import { describe, isCount } from './describe.js';
import { MAX_PICKLE_RANK } from './limits.js';
import { STORAGE_GLOBALS } from './storage-id.js';
import { readLegacyStorage } from './torch-legacy.js';
import { TorchStorage, TorchTensor } from './torch-tensor.js';
import { LongBytes, type PickleValue } from './values.js';

/** Names that tensors and state dicts need. */
export const TORCH_GLOBALS: readonly string[] = [
  ...STORAGE_GLOBALS,
  'collections.OrderedDict',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_parameter',
  'torch.storage._load_from_bytes',
  'torch.Size',
];

const rebuildTensor: Meaning = ([storage, offset, shape, strides], { fail }) => {
  if (!(storage instanceof TorchStorage))
    return fail('value', `expected a storage, got ${describe(storage)}. The file is damaged.`);
  const isList = (value: PickleValue | undefined): value is number[] =>
    Array.isArray(value) && value.length <= MAX_PICKLE_RANK && value.every(isCount);
  if (!isCount(offset) || !isList(shape) || !isList(strides) || shape.length !== strides.length)
    return fail('value', 'expected an offset, a shape and strides, got other values. The file is damaged.');
  const size = shape.reduce((product, side) => product * side, 1);
  const last = shape.reduce((place, side, axis) => place + (side - 1) * (strides[axis] as number), offset);
  // A tensor that repeats elements (stride 0) could claim any size; what is saved has a place for each.
  if (size > storage.length || (size > 0 && !(last < storage.length)))
    return fail(
      'storage',
      `expected a tensor within its storage of ${storage.length} elements, got [${shape}] from ${offset} by [${strides}]. The file is damaged.`,
    );
  return new TorchTensor(storage, offset, [...shape], [...strides]);
};

const rebuildParameter: Meaning = ([tensor], { fail }) =>
  tensor instanceof TorchTensor
    ? tensor
    : fail('value', `expected a tensor, got ${describe(tensor)}. The file is damaged.`);

const loadFromBytes: Meaning = ([bytes], { fail, file }) => {
  if (bytes instanceof LongBytes) return readLegacyStorage(bytes.source, `${file}: storage`);
  if (bytes instanceof Uint8Array) return readLegacyStorage(memorySource(bytes), `${file}: storage`);
  return fail('value', `expected bytes, got ${describe(bytes)}. The file is damaged.`);
};

const size: Meaning = ([sides], { fail }) =>
  Array.isArray(sides) ? sides : fail('value', `expected a shape, got ${describe(sides)}. The file is damaged.`);

/** What the names of {@link TORCH_GLOBALS} stand for; storages are values only and stay names. */
export const TORCH_MEANINGS: Readonly<Record<string, Meaning>> = {
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch.storage._load_from_bytes': loadFromBytes,
  'torch.Size': size,
};
