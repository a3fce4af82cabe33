import { identifyBytes } from '@edm2/tensor-files';
import { brands } from './image-kind.js';

/** A file that is not an image, or of a kind that is not decoded. */
export interface ForeignKind {
  /** Fits "got …". */
  readonly name: string;
  readonly remedy: string;
  /** It is an image, and leaving it out would be a loss. */
  readonly isImage: boolean;
}

const CONVERT = 'Convert it to PNG';
const HEIC = 'a HEIC image, whose compression (HEVC) is not read';
/** libheif is not bundled with the decoder here, for its licence and HEVC's patents. */
const HEIC_REMEDY =
  'Convert it first: heif-convert IMG.heic IMG.png (of libheif), or on macOS sips -s format png IMG.heic --out IMG.png';
const CONVERT_FLOATS = 'Convert it to PNG of 8 bits';

/** How images begin that are not decoded. */
const IMAGES: readonly (readonly [start: string, name: string, remedy: string])[] = [
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 image', CONVERT],
  ['\xff\x4f\xff\x51', 'a JPEG 2000 image', CONVERT],
  ['\0\0\0\x0cJXL ', 'a JPEG XL image', CONVERT],
  ['\xff\x0a', 'a JPEG XL image', CONVERT],
  ['II\xbc', 'a JPEG XR image', CONVERT],
  ['8BPS', 'a Photoshop document', CONVERT],
  ['\x76\x2f\x31\x01', 'an OpenEXR image of floats', CONVERT_FLOATS],
  ['#?RADIANCE', 'a Radiance image of floats', CONVERT_FLOATS],
  ['#?RGBE', 'a Radiance image of floats', CONVERT_FLOATS],
  ['PF\n', 'a PFM image of floats', CONVERT_FLOATS],
  ['Pf\n', 'a PFM image of floats', CONVERT_FLOATS],
  ['P7\n', 'a PAM image', CONVERT],
  ['qoif', 'a QOI image', CONVERT],
  ['DDS ', 'a DDS texture', CONVERT],
  ['gimp xcf', 'a GIMP document', CONVERT],
  ['SIMPLE  =', 'a FITS image', CONVERT],
  ['\0\0\x01\0', 'an icon (ICO)', CONVERT],
  ['\0\0\x02\0', 'a cursor (CUR)', CONVERT],
  ['\x0a\x05\x01', 'a PCX image', CONVERT],
];

/** How many first bytes {@link foreignKind} looks at. */
export const FOREIGN_BYTES = 4096;

/** What helps with files of which a report says so; undefined where it need not be said. */
export const remedyOfReason = (reason: string): string | undefined => (reason === HEIC ? HEIC_REMEDY : undefined);

/** Names what the bytes are that `imageKind` does not know; undefined when nobody does. */
export function foreignKind(bytes: Uint8Array): ForeignKind | undefined {
  const head = bytes.subarray(0, FOREIGN_BYTES);
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (text.slice(4, 8) === 'ftyp') return mediaKind(head);
  for (const [start, name, remedy] of IMAGES)
    if (text.startsWith(start)) return { name: `${name}, which is not read`, remedy, isImage: true };
  if (/^\s*(<\?xml[^>]*>\s*)?(<!--[^>]*-->\s*|<!doctype svg[^>]*>\s*)*<svg\b/i.test(text))
    return { name: 'an SVG drawing', remedy: CONVERT, isImage: false };
  const kind = identifyBytes(head, { size: bytes.length });
  return kind && { name: kind.what, remedy: kind.remedy, isImage: false };
}

function mediaKind(bytes: Uint8Array): ForeignKind {
  if (brands(bytes).some((brand) => /^(hei|hev|mif|msf)/.test(brand)))
    return { name: HEIC, remedy: HEIC_REMEDY, isImage: true };
  return { name: 'a video', remedy: 'Save its frames as PNG', isImage: false };
}
