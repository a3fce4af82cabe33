import { bytesPerElement, type Dtype } from '../safetensors/dtype.js';
import { isCount } from './describe.js';
import { PickleGlobal, type PickleValue } from './values.js';

const STORAGES: Readonly<Record<string, Dtype>> = {
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.CharStorage': 'I8',
  'torch.ShortStorage': 'I16',
  'torch.IntStorage': 'I32',
  'torch.LongStorage': 'I64',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

/** Names of torch's storages: all that the pickles inside a storage may use. */
export const STORAGE_GLOBALS: readonly string[] = Object.keys(STORAGES);

/** Parts of a persistent id `("storage", type, key, device, elements, …)`, `undefined` when it is another. */
export function parseStorageId(id: PickleValue): { key: string; dtype: Dtype; length: number } | undefined {
  if (!Array.isArray(id)) return undefined;
  const [tag, type, key, , length] = id;
  const dtype = type instanceof PickleGlobal && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
  if (tag !== 'storage' || dtype === undefined || !isCount(length)) return undefined;
  if (!Number.isSafeInteger(length * bytesPerElement(dtype))) return undefined;
  if (typeof key !== 'string' && !isCount(key)) return undefined;
  return { key: String(key), dtype, length };
}
