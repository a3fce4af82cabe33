/** A number as little-endian bytes. */
export function little(value: number | bigint, width: number): Buffer {
  const out = Buffer.alloc(width);
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  for (let i = 0; i < width; i++) {
    out[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return out;
}

/** A number as big-endian bytes. */
export const big = (value: number | bigint, width: number): Buffer => little(value, width).reverse();

/** CRC-32 as zip and PNG use it; Node.js has one from 20.15 only. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
