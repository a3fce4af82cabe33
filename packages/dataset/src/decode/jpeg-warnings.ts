/** Markers of the header: bytes before them are no pixels. */
const BEFORE_HEADER = /^Corrupt JPEG data: \d+ extraneous bytes before marker 0x(?:c[0-3]|d[bd]|e[0-9a-f]|fe)$/;
/** Tables and the start of the pixels: in a progressive file these stand between runs of pixels too. */
const BEFORE_PIXELS = /^Corrupt JPEG data: \d+ extraneous bytes before marker 0x(?:c4|da)$/;
/** Revisions and parameters that decoding does not need. */
const HARMLESS =
  /^(?:Warning: unknown JFIF revision number [\d.]+|Invalid SOS parameters for sequential JPEG|Corrupt JPEG data: bad ICC marker)$/;

/**
 * Whether each line of a decoder's error is a warning that costs no pixel: stray bytes in the header, its revision or parameters, a
 * damaged colour profile. Stray bytes among the pixels are left over from damage, so they are none.
 */
export const isHarmless = (message: string, progressive: boolean): boolean =>
  warningLines(message).every(
    (line) => HARMLESS.test(line) || BEFORE_HEADER.test(line) || (!progressive && BEFORE_PIXELS.test(line)),
  );

/** The decoder's lines, each once. */
export const warningLines = (message: string): string[] => [
  ...new Set(
    message
      .split('\n')
      .map((line) => line.replace(/^\s*VipsJpeg:\s*/, '').trim())
      .filter((line) => line !== ''),
  ),
];
