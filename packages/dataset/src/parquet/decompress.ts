import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as zstd } from 'fzstd';
import type { Compressors } from 'hyparquet';

/** A page once it is unpacked: writers aim at 1 MiB, and one image may be larger than that. */
const MAX_PAGE_BYTES = 2 ** 29;

/** What the pages of Parquet files are packed with; each looks at the size that is said before it makes room for it. */
export const compressors = (snappy: (input: Uint8Array, output: Uint8Array) => void): Compressors => {
  const bounded =
    (unpack: (input: Uint8Array, size: number) => Uint8Array) =>
    (input: Uint8Array, size: number): Uint8Array => {
      if (!(size >= 0 && size <= MAX_PAGE_BYTES))
        throw new RangeError(`a page of ${size} bytes, more than ${MAX_PAGE_BYTES}`);
      return unpack(input, size);
    };
  return {
    SNAPPY: bounded((input, size) => {
      const output = new Uint8Array(size);
      snappy(input, output);
      return output;
    }),
    GZIP: bounded((input, size) => gunzipSync(input, { maxOutputLength: Math.max(1, size) })),
    BROTLI: bounded((input, size) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, size) })),
    ZSTD: bounded((input, size) => zstd(input, new Uint8Array(size))),
  };
};
