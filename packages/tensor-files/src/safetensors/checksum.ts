/** The metadata key under which our files carry their checksum; the reader takes it out of `metadata`. */
export const CHECKSUM_KEY = 'checksum';

/** How a checksum's text begins. */
export const CHECKSUM_PREFIX = 'sha256:';

const DIGITS = 64;

/**
 * What stands in the header while the file is hashed, of the same length as the final text. The checksum covers every byte of the
 * file with this in its own place, so a flipped bit in the header is found as well.
 */
export const CHECKSUM_BLANK = CHECKSUM_PREFIX + '0'.repeat(DIGITS);

/** Byte index of the checksum's digits within a header, −1 when it has no well-formed one. */
export function findChecksum(header: Buffer, checksum: string): number {
  if (checksum.length !== CHECKSUM_BLANK.length) return -1;
  const field = `${JSON.stringify(CHECKSUM_KEY)}:${JSON.stringify(checksum)}`;
  const at = header.indexOf(field);
  return at < 0 ? -1 : at + field.length - 1 - DIGITS;
}
