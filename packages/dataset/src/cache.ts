import type { Pixels } from './types.js';

/** Keeps what was decoded. */
export interface ImageCache {
  /** A copy of image `index`, decoded by `read` the first time. */
  get(index: number, read: () => Promise<Pixels>): Promise<Pixels>;
}

/**
 * One block of memory for all images if it fits in `limit` bytes, otherwise no cache: half a cache of a shuffled set would
 * save little and cost as much.
 *
 * @param size - values per image.
 */
export function createImageCache(count: number, size: number, dtype: 'uint8' | 'float32', limit: number): ImageCache {
  const ArrayType = dtype === 'uint8' ? Uint8Array : Float32Array;
  if (count * size * ArrayType.BYTES_PER_ELEMENT > limit) return { get: (_, read) => read() };
  const present = new Uint8Array(count);
  let store: Pixels | undefined;
  return {
    get: async (index, read) => {
      const begin = index * size;
      if (present[index] && store) return store.slice(begin, begin + size);
      const image = await read();
      store ??= new ArrayType(count * size);
      store.set(image, begin);
      present[index] = 1;
      return image;
    },
  };
}
