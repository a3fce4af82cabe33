import { strayHeaderBytes } from './jpeg-frame.js';

/** Revisions and parameters of a JPEG that decoding does not need. */
const JPEG_HARMLESS =
  /^(?:Warning: unknown JFIF revision number [\d.]+|Invalid SOS parameters for sequential JPEG|Corrupt JPEG data: bad ICC marker)$/;
const JPEG_STRAY = /^Corrupt JPEG data: (\d+) extraneous bytes before marker (0x[0-9a-f]{2})$/;

/** Fields of a TIFF that do not belong to the picture. */
const TIFF_HARMLESS =
  /^(?:Warning treated as error due to failOn setting|error in tile \d+ x \d+|Unknown field with tag \d+ .*|(?:incorrect count for field|Incorrect count for|Bogus|Null count for|ASCII value for tag|Cannot read) "?(?:DocumentName|ImageDescription|Make|Model|PageName|XPosition|YPosition|XResolution|YResolution|ResolutionUnit|PageNumber|Software|DateTime|Artist|HostComputer|Copyright|Predictor|WhitePoint|PrimaryChromaticities|XMLPacket|Photoshop|RichTIFFIPTC|InterColorProfile|EXIF\w*|GPS\w*)"?.*|TIFF directory \d+ has IFD looping .*|Invalid TIFF directory; tags are not sorted in ascending order)$/;

/**
 * Whether each line of a decoder's error is a warning that costs no pixel: stray bytes before a JPEG's pixels, its revision or
 * parameters, a damaged colour profile; fields of a TIFF that describe the picture without being part of it. An error without words
 * is not harmless: nobody knows what it was.
 */
export function isHarmless(kind: 'jpeg' | 'tiff', message: string, bytes: Uint8Array): boolean {
  const lines = warningLines(message);
  if (lines.length === 0) return false;
  if (kind === 'tiff') return lines.every((line) => TIFF_HARMLESS.test(line));
  const stray = strayHeaderBytes(bytes);
  return lines.every((line) => {
    const [, count, marker] = JPEG_STRAY.exec(line) ?? [];
    return count === undefined ? JPEG_HARMLESS.test(line) : stray.has(`${count} ${marker}`);
  });
}

/** The decoder's lines, each once. */
export const warningLines = (message: string): string[] => [
  ...new Set(
    message
      .split('\n')
      .map((line) => line.replace(/^\s*VipsJpeg:\s*/, '').trim())
      .filter((line) => line !== ''),
  ),
];
