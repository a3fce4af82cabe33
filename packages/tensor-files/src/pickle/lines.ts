import type { Cursor } from './cursor.js';
import { MAX_INTEGER_BYTES, MAX_TEXT_BYTES } from './limits.js';

/** Digits that integers of the greatest length have. */
const MAX_DIGITS = Math.ceil(MAX_INTEGER_BYTES * Math.log10(256)) + 1;

const DAMAGED = 'The file is damaged: fetch it again.';

const wrong = (cursor: Cursor, what: string, line: string): never =>
  cursor.fail('text', `expected ${what}, got ${JSON.stringify(line.slice(0, 80))}. ${DAMAGED}`);

/** Lines of Windows, which copies in text mode leave, end in a carriage return too. */
const plainLine = (cursor: Cursor): string => cursor.line().replace(/\r$/, '');

/** A number in decimal, `inf` or `nan`. */
export function parseFloatLine(cursor: Cursor): number {
  const line = plainLine(cursor);
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(line)) return Number(line);
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(line);
  if (!special) return wrong(cursor, 'a number', line);
  const sign = special[1] === '-' ? -1 : 1;
  return special[2]?.toLowerCase() === 'nan' ? Number.NaN : sign * Number.POSITIVE_INFINITY;
}

/** An integer; `00` and `01` are the booleans. */
export function parseIntLine(cursor: Cursor): number | bigint | boolean {
  const line = plainLine(cursor);
  if (line === '00' || line === '01') return line === '01';
  return integer(cursor, line);
}

/** An integer with Python 2's mark of a long one. */
export const parseLongLine = (cursor: Cursor): number | bigint => integer(cursor, plainLine(cursor).replace(/L$/, ''));

function integer(cursor: Cursor, line: string): number | bigint {
  if (!/^[-+]?\d+$/.test(line)) return wrong(cursor, 'an integer', line);
  if (line.length > MAX_DIGITS)
    return cursor.fail(
      'too-large',
      `expected an integer of at most ${MAX_DIGITS} digits, got ${line.length}. ${DAMAGED}`,
    );
  const number = Number(line);
  return Number.isSafeInteger(number) ? number : BigInt(line.replace(/^\+/, ''));
}

/** The number under which a value is remembered. */
export function parseIndexLine(cursor: Cursor): number {
  const line = plainLine(cursor);
  return /^\d{1,15}$/.test(line) ? Number(line) : wrong(cursor, 'an index', line);
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"', '\n': '' },
};

/** Bytes as Python 2 shows a text: in quotes, with escapes. They come as a text of the same code points. */
export function parseStringLine(cursor: Cursor): string {
  const line = cursor.line(MAX_TEXT_BYTES).replace(/\r$/, '');
  const quoted = /^(['"])(.*)\1$/s.exec(line)?.[2];
  if (quoted === undefined) return wrong(cursor, 'a text in quotes', line);
  return quoted.replace(/\\(x[\da-fA-F]{2}|[0-7]{1,3}|.)/gs, (whole, code: string) => {
    if (/^x../.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    return ESCAPES[code] ?? whole;
  });
}

/** A text with escapes for what no single byte can say. */
export function parseUnicodeLine(cursor: Cursor): string {
  const line = cursor.line(MAX_TEXT_BYTES);
  // An escape counts after an even number of backslashes only: \\u is a backslash and a u.
  return line.replace(
    /(\\\\)|\\u([\da-fA-F]{4})|\\U([\da-fA-F]{8})/g,
    (whole, pair?: string, short?: string, long?: string) => {
      if (pair !== undefined) return whole;
      const point = Number.parseInt(short ?? long ?? '', 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : wrong(cursor, 'a character', whole);
    },
  );
}
