/** Kinds of files that are decoded. */
export type ImageKind = 'png' | 'jpeg' | 'gif' | 'webp' | 'tiff' | 'avif' | 'bmp' | 'pnm' | 'npy';

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/** What a file is, by its first bytes and not by its name; undefined for what is not decoded. */
export function imageKind(bytes: Uint8Array): ImageKind | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0x89 && text(bytes, 1, 7) === 'PNG\r\n\x1a\n') return 'png';
  if (a === 0xff && b === 0xd8 && c === 0xff) return 'jpeg';
  if (a === 0x93 && text(bytes, 1, 5) === 'NUMPY') return 'npy';
  const start = text(bytes, 0, 4);
  if (start === 'GIF8') return 'gif';
  if (start === 'RIFF' && text(bytes, 8, 4) === 'WEBP') return 'webp';
  // The last one is BigTIFF.
  if (start === 'II*\0' || start === 'MM\0*' || start === 'II+\0' || start === 'MM\0+') return 'tiff';
  if (text(bytes, 4, 4) === 'ftyp') return brands(bytes).some((brand) => /^avi[fs]$/.test(brand)) ? 'avif' : undefined;
  // The size of the header that follows tells a bitmap from a text that begins so.
  if (start.startsWith('BM') && BMP_HEADERS.has(bytes[14] ?? 0) && bytes[15] === 0) return 'bmp';
  if (a === 0x50 && b !== undefined && b >= 0x31 && b <= 0x36 && isSpace(c) && isPnmText(d)) return 'pnm';
  return undefined;
}

/** Sizes of a bitmap's second header: OS/2, Windows 3, its two extensions, OS/2 version 2, Windows 4 and 5. */
const BMP_HEADERS: ReadonlySet<number> = new Set([12, 40, 52, 56, 64, 108, 124]);

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13);
const isPnmText = (byte: number | undefined): boolean =>
  isSpace(byte) || byte === 0x23 || (byte !== undefined && byte >= 0x30 && byte <= 0x39);

/** The major brand of an ISO media file and those that it is compatible with, as many as are in `bytes`. */
export function brands(bytes: Uint8Array): string[] {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const found = [text(bytes, 8, 4)];
  for (let at = 16; at + 4 <= Math.min(length, bytes.length); at += 4) found.push(text(bytes, at, 4));
  return found;
}
