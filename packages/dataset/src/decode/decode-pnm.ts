import { conversionBit } from './conversions.js';
import { checkSides, DARK, DecodeFailure, darkPicture, type Raster } from './raster.js';

const SPACE = /\s/;
const MAX_VALUE = 65_535;

/**
 * Decodes a Netpbm image: PBM, PGM and PPM, text (P1–P3) or binary (P4–P6), one or two bytes a value. With a maximum `m` other than
 * 255 a value v becomes `v·255/m`, rounded, halves to even, as Pillow has it.
 *
 * @param maxSide - bound of both sides.
 * @param acceptWarnings - take values of two bytes that are all small.
 * @throws {DecodeFailure} when the file is cut short or no such image.
 */
export function decodePnm(bytes: Uint8Array, maxSide: number, acceptWarnings = false): Raster {
  const type = (bytes[1] ?? 0) - 0x30;
  const isBits = type === 1 || type === 4;
  const reader = textReader(bytes, 2);
  const [width, height] = [reader.number('the width'), reader.number('the height')];
  checkSides(width, height, maxSide);
  const most = isBits ? 1 : reader.number('the largest value');
  if (most === 0 || most > MAX_VALUE) throw new DecodeFailure(`${most} as the largest value, not 1 to ${MAX_VALUE}`);
  const channels = type === 3 || type === 6 ? 3 : 1;
  const count = width * height * channels;
  const values = type <= 3 ? textValues(reader, count, isBits) : binaryValues(bytes, reader.at() + 1);
  const data = new Uint8Array(count);
  let largest = 0;
  for (let i = 0; i < count; i++) {
    const value = Math.min(values(i), most);
    if (value > largest) largest = value;
    data[i] = isBits ? 255 * (1 - value) : most === 255 ? value : roundHalfEven((value / most) * 255);
  }
  if (!acceptWarnings && most > 255 && largest > 0 && largest * DARK < most) throw darkPicture(largest);
  const conversions = isBits || most === 255 ? 0 : conversionBit('max-value');
  return { width, height, channels, data, conversions };

  function binaryValues(from: Uint8Array, start: number): (i: number) => number {
    const row = isBits ? Math.ceil(width / 8) : width * channels * (most > 255 ? 2 : 1);
    if (start + row * height > from.length)
      throw new DecodeFailure(`the end of the file at byte ${from.length} of ${start + row * height}`);
    if (isBits)
      return (i) =>
        ((from[start + Math.floor(i / width) * row + ((i % width) >> 3)] ?? 0) >> (7 - ((i % width) & 7))) & 1;
    if (most <= 255) return (i) => from[start + i] ?? 0;
    return (i) => ((from[start + 2 * i] ?? 0) << 8) | (from[start + 2 * i + 1] ?? 0);
  }
}

interface TextReader {
  /** The next number. */
  number(what: string): number;
  /** The next character that is not a space, of a bitmap whose values may stand side by side. */
  digit(): number;
  /** Position after what was read. */
  at(): number;
}

/** Reads numbers in text with comments. */
function textReader(bytes: Uint8Array, start: number): TextReader {
  let at = start;
  const char = (): string => String.fromCharCode(bytes[at] ?? 0);
  const skip = (): void => {
    while (at < bytes.length && (SPACE.test(char()) || char() === '#')) {
      if (char() === '#') while (at < bytes.length && char() !== '\n' && char() !== '\r') at++;
      else at++;
    }
  };
  const ended = (what: string) => new DecodeFailure(`the end of the file at byte ${bytes.length}, before ${what}`);
  return {
    number: (what) => {
      skip();
      if (at >= bytes.length) throw ended(what);
      const begin = at;
      while (at < bytes.length && char() >= '0' && char() <= '9') at++;
      if (at === begin || at - begin > 9)
        throw new DecodeFailure(`no number where ${what} should be, at byte ${begin}`);
      return Number(Buffer.from(bytes.subarray(begin, at)).toString('latin1'));
    },
    digit: () => {
      skip();
      if (at >= bytes.length) throw ended('the last pixel');
      const digit = char();
      if (digit !== '0' && digit !== '1') throw new DecodeFailure(`no 0 or 1 where a pixel should be, at byte ${at}`);
      at++;
      return Number(digit);
    },
    at: () => at,
  };
}

/** Values in order: each is asked for once. */
const textValues = (reader: TextReader, count: number, isBits: boolean): ((i: number) => number) =>
  isBits ? () => reader.digit() : (i) => reader.number(`value ${i + 1} of ${count}`);

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
