import type { Data, DType } from '@edm2/tfjs-jit/graph';

/** Arrays below this size are cheaper to make than to keep. */
const MIN_POOLED_BYTES = 4096;

/** Free arrays kept for the next run, by dtype and length. */
export interface ArrayPool {
  take(dtype: DType, length: number): Data;
  give(dtype: DType, data: Data): void;
  readonly freeBytes: number;
  clear(): void;
}

/**
 * A pool that never holds more than `maxBytes()` free bytes; what is given beyond that is left to the garbage collector.
 */
export function arrayPool(maxBytes: () => number): ArrayPool {
  const free = new Map<string, Data[]>();
  let freeBytes = 0;
  return {
    take(dtype, length) {
      const data = free.get(`${dtype}${length}`)?.pop();
      if (data === undefined) return allocate(dtype, length);
      freeBytes -= data.byteLength;
      return data;
    },
    give(dtype, data) {
      if (data.byteLength < MIN_POOLED_BYTES || freeBytes + data.byteLength > maxBytes()) return;
      const key = `${dtype}${data.length}`;
      const list = free.get(key);
      if (list === undefined) free.set(key, [data]);
      else list.push(data);
      freeBytes += data.byteLength;
    },
    get freeBytes() {
      return freeBytes;
    },
    clear() {
      free.clear();
      freeBytes = 0;
    },
  };
}

const allocate = (dtype: DType, length: number): Data =>
  dtype === 'float32' ? new Float32Array(length) : dtype === 'int32' ? new Int32Array(length) : new Uint8Array(length);
