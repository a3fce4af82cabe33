import { crc32 } from '../crc32.js';

/** Bytes of the signature, which `imageKind` has seen. */
const SIGNATURE = 8;

/** What a PNG says about itself. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Colour type 0 or 4 of the header. */
  readonly grey: boolean;
  /** Bits a value, 1 to 16. */
  readonly bits: number;
  /** An alpha channel, or a transparent colour. */
  readonly alpha: boolean;
  /** Several frames (APNG). */
  readonly animated: boolean;
  /** Metadata of a camera, where an orientation may stand. */
  readonly exif: boolean;
}

/**
 * Checks every chunk's length and CRC down to IEND. Decoders pass over damage in places that they do not need;
 * a training set should not.
 *
 * @param bytes - a file that begins like a PNG.
 * @returns the header, or the damage in words (fits "got …").
 */
export function checkPng(bytes: Uint8Array): PngHeader | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Omit<PngHeader, 'alpha' | 'animated' | 'exif'> | undefined;
  let [colourType, hasData, transparent, animated, exif] = [0, false, false, false, false];
  for (let at = SIGNATURE; ; ) {
    if (at + 12 > bytes.length) return `the end of the file at byte ${bytes.length}, before the closing IEND chunk`;
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length)
      return `a chunk at byte ${at} that claims ${length} bytes of the ${bytes.length - at - 12} left`;
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      return `a wrong checksum in the chunk at byte ${at}`;
    if (!header) {
      if (type !== 'IHDR' || length !== 13) return `${JSON.stringify(type)} as the first chunk instead of IHDR`;
      colourType = bytes[at + 17] ?? 0;
      header = {
        width: view.getUint32(at + 8),
        height: view.getUint32(at + 12),
        bits: bytes[at + 16] ?? 0,
        grey: colourType === 0 || colourType === 4,
      };
    }
    if (type === 'IDAT') hasData = true;
    else if (type === 'tRNS') transparent = true;
    else if (type === 'acTL') animated = true;
    else if (type === 'eXIf') exif = true;
    else if (type === 'IEND') {
      const alpha = transparent || colourType === 4 || colourType === 6;
      return hasData ? { ...header, alpha, animated, exif } : 'no pixel data';
    }
    at += 12 + length;
  }
}
