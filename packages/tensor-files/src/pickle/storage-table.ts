import { bytesPerElement } from '../safetensors/dtype.js';
import { parseStorageId } from './storage-id.js';
import { TorchStorage } from './torch-tensor.js';
import type { PickleValue } from './values.js';

/** The storages of a file by their keys; one for each, however many types and parts of it are asked for. */
export class StorageTable {
  readonly #roots = new Map<string, TorchStorage>();
  readonly #isBigEndian: boolean;
  readonly #made: (key: string, storage: TorchStorage) => void;

  /** @param made - called once for each storage, when it is first named. */
  constructor(isBigEndian: boolean, made: (key: string, storage: TorchStorage) => void = () => {}) {
    this.#isBigEndian = isBigEndian;
    this.#made = made;
  }

  get size(): number {
    return this.#roots.size;
  }

  get(key: string): TorchStorage | undefined {
    return this.#roots.get(key);
  }

  /** What a persistent id stands for, `undefined` when it is none of a storage, or contradicts another. */
  resolve(id: PickleValue): TorchStorage | undefined {
    const parts = parseStorageId(id);
    if (!parts) return undefined;
    const { key, dtype, length, isQuantized, view } = parts;
    let root = this.#roots.get(key);
    if (!root) {
      root = new TorchStorage(dtype, length, undefined, { isQuantized, isBigEndian: this.#isBigEndian });
      this.#roots.set(key, root);
      this.#made(key, root);
    }
    if (root.byteLength !== length * bytesPerElement(dtype)) return undefined;
    if (view) return root.view(dtype, view);
    return root.dtype === dtype && root.isQuantized === isQuantized ? root : root.view(dtype, { isQuantized });
  }
}
