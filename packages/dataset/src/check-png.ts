import { crc32 } from './crc32.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** What a PNG says about itself. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Colour type 0 or 4 of the header. */
  readonly grey: boolean;
}

/** True when the bytes begin like a PNG. */
export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/**
 * Checks every chunk's length and CRC down to IEND. Decoders pass over damage in places that they do not need;
 * a training set should not.
 *
 * @param bytes - a file for which {@link isPng} is true.
 * @returns the header, or the damage in words (fits "got …").
 */
export function checkPng(bytes: Uint8Array): PngHeader | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | undefined;
  let hasData = false;
  for (let at = SIGNATURE.length; ; ) {
    if (at + 12 > bytes.length) return `the end of the file at byte ${bytes.length}, before the closing IEND chunk`;
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length)
      return `a chunk at byte ${at} that claims ${length} bytes of the ${bytes.length - at - 12} left`;
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      return `a wrong checksum in the chunk at byte ${at}`;
    if (!header) {
      if (type !== 'IHDR' || length !== 13) return `${JSON.stringify(type)} as the first chunk instead of IHDR`;
      const colorType = bytes[at + 17] ?? 0;
      header = {
        width: view.getUint32(at + 8),
        height: view.getUint32(at + 12),
        grey: colorType === 0 || colorType === 4,
      };
    }
    if (type === 'IDAT') hasData = true;
    if (type === 'IEND') return hasData ? header : 'no pixel data';
    at += 12 + length;
  }
}
