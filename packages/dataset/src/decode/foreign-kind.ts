import { brands } from './image-kind.js';

/** A file that is no image, or of a kind that is not decoded. */
export interface ForeignKind {
  /** Fits "got …". */
  readonly name: string;
  readonly remedy: string;
}

const CONVERT = 'Convert it to PNG';
const REPLACE = 'Replace the file or remove it from the dataset';

type Row<T> = readonly [start: T, name: string, remedy: string];

/** Texts. */
const TEXTS: readonly Row<RegExp>[] = [
  [
    /^version https:\/\/git-lfs/,
    'a Git LFS pointer, which stands for the image',
    'Run `git lfs pull` in its repository',
  ],
  [/^\s*(<!--[^>]*-->\s*)*<(!doctype html|html|head|body|script)\b/i, 'a web page (HTML)', 'Fetch the image itself'],
  [/^\s*(<\?xml[^>]*>\s*)?(<!--[^>]*-->\s*|<!doctype svg[^>]*>\s*)*<svg\b/i, 'an SVG drawing', CONVERT],
  [/^\s*<(\?xml|error)\b/i, 'an XML text', 'Fetch the image itself'],
  [/^\s*[{[]\s*["{[\]}]/, 'a JSON text', 'Fetch the image itself'],
  [/^#\?(RADIANCE|RGBE)/, 'a Radiance image of floats, which is not read', `${CONVERT} of 8 bits`],
  [/^P[Ff]\s/, 'a PFM image of floats, which is not read', `${CONVERT} of 8 bits`],
  [/^P7\s/, 'a PAM image, which is not read', CONVERT],
  [/^[\s\S]{257}ustar/, 'a tar archive', 'Unpack it'],
];

/** First bytes. */
const MAGICS: readonly Row<string>[] = [
  ['\0\0\0\x0cjP  ', 'a JPEG 2000 image, which is not read', CONVERT],
  ['\xff\x4f\xff\x51', 'a JPEG 2000 image, which is not read', CONVERT],
  ['\0\0\0\x0cJXL ', 'a JPEG XL image, which is not read', CONVERT],
  ['\xff\x0a', 'a JPEG XL image, which is not read', CONVERT],
  ['II\xbc', 'a JPEG XR image, which is not read', CONVERT],
  ['8BPS', 'a Photoshop document, which is not read', CONVERT],
  ['\x76\x2f\x31\x01', 'an OpenEXR image of floats, which is not read', `${CONVERT} of 8 bits`],
  ['qoif', 'a QOI image, which is not read', CONVERT],
  ['DDS ', 'a DDS texture, which is not read', CONVERT],
  ['gimp xcf', 'a GIMP document, which is not read', CONVERT],
  ['SIMPLE  =', 'a FITS image, which is not read', CONVERT],
  ['\0\0\x01\0', 'an icon (ICO), which is not read', CONVERT],
  ['\0\0\x02\0', 'a cursor (CUR), which is not read', CONVERT],
  ['\x0a\x05\x01', 'a PCX image, which is not read', CONVERT],
  ['%PDF', 'a PDF document', CONVERT],
  ['%!PS', 'a PostScript document', CONVERT],
  ['\x1f\x8b', 'gzip data', 'Unpack it'],
  ['PK\x03\x04', 'a zip', 'Unpack it'],
  ['7z\xbc\xaf', 'a 7z archive', 'Unpack it'],
  ['Rar!', 'a RAR archive', 'Unpack it'],
  ['\xfd7zXZ', 'xz data', 'Unpack it'],
  ['\x28\xb5\x2f\xfd', 'zstd data', 'Unpack it'],
  ['\x89HDF', 'an HDF5 file', 'Save its images as PNG, or as one array with numpy.save'],
  ['MATLAB 5', 'a MATLAB file', 'Save its images as PNG'],
  ['PAR1', 'a Parquet table', 'Save its images as PNG'],
  ['\x80\x02', 'a Python pickle', 'Save its images as PNG, or as one array with numpy.save'],
  ['\x80\x03', 'a Python pickle', 'Save its images as PNG, or as one array with numpy.save'],
  ['\x80\x04', 'a Python pickle', 'Save its images as PNG, or as one array with numpy.save'],
  ['\x80\x05', 'a Python pickle', 'Save its images as PNG, or as one array with numpy.save'],
];

/** How many first bytes {@link foreignKind} looks at. */
const FOREIGN_BYTES = 512;

/** Names what the bytes are that {@link imageKind} does not know. */
export function foreignKind(bytes: Uint8Array): ForeignKind | undefined {
  if (bytes.length === 0) return { name: 'an empty file', remedy: REPLACE };
  const head = bytes.subarray(0, FOREIGN_BYTES);
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (text.slice(4, 8) === 'ftyp') return mediaKind(bytes);
  for (const [magic, name, remedy] of MAGICS) if (text.startsWith(magic)) return { name, remedy };
  for (const [pattern, name, remedy] of TEXTS) if (pattern.test(text)) return { name, remedy };
  if (head.every((byte) => byte === 0)) return { name: 'zeros where an image should begin', remedy: REPLACE };
  return undefined;
}

function mediaKind(bytes: Uint8Array): ForeignKind {
  if (brands(bytes).some((brand) => /^(hei|hev|mif|msf)/.test(brand)))
    return { name: 'a HEIC image, whose compression (HEVC) is not read', remedy: CONVERT };
  return { name: 'a video', remedy: 'Save its frames as PNG' };
}
