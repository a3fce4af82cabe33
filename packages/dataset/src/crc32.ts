import zlib from 'node:zlib';

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** For Node before 20.15, which has none. */
function byTable(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = (TABLE[(c ^ (bytes[i] as number)) & 0xff] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

const native = (zlib as { readonly crc32?: (bytes: Uint8Array) => number }).crc32;

/** CRC-32 (IEEE 802.3) as zip and PNG use it. */
export const crc32: (bytes: Uint8Array) => number = native ? (bytes) => native(bytes) : byTable;
