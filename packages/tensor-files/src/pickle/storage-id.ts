import { bytesPerElement, type Dtype } from '../safetensors/dtype.js';
import { isCount } from './describe.js';
import { storageType } from './torch-dtypes.js';
import { PickleGlobal, type PickleValue } from './values.js';

/** Parts of a storage's persistent id. */
export interface StorageId {
  readonly key: string;
  readonly dtype: Dtype;
  readonly isQuantized: boolean;
  /** Number of elements. */
  readonly length: number;
  /** In old files: the part of it that is meant, with a key of its own. */
  readonly view: { readonly key: string; readonly begin: number; readonly length: number } | undefined;
}

/**
 * Parts of a persistent id `("storage", type, key, device, elements, view)`, `undefined` when it is another. The device is where the
 * tensor was; its numbers are the same elsewhere.
 */
export function parseStorageId(id: PickleValue): StorageId | undefined {
  if (!Array.isArray(id) || id.length < 5 || id.length > 6) return undefined;
  const [tag, global, key, , length, view = null] = id;
  const type = global instanceof PickleGlobal ? storageType(global.name) : undefined;
  if (tag !== 'storage' || type === undefined || !isCount(length)) return undefined;
  if (!Number.isSafeInteger(length * bytesPerElement(type.dtype))) return undefined;
  if (typeof key !== 'string' && !isCount(key)) return undefined;
  const parsed = view === null ? undefined : parseView(view, length);
  return view !== null && !parsed ? undefined : { key: String(key), ...type, length, view: parsed };
}

function parseView(view: PickleValue, total: number): StorageId['view'] {
  if (!Array.isArray(view) || view.length !== 3) return undefined;
  const [key, begin, length] = view;
  if ((typeof key !== 'string' && !isCount(key)) || !isCount(begin) || !isCount(length)) return undefined;
  return begin + length <= total ? { key: String(key), begin, length } : undefined;
}
