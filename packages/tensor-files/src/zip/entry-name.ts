import { crc32 } from '../npy/crc32.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Code page 437 from 128 on, the characters of names before Unicode; below, it is ASCII. */
const CP437 =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** Extra field of Info-ZIP with a name in UTF-8: version 1, CRC-32 of the plain name, the name. */
const UNICODE_PATH_HEAD = 5;

/**
 * The text of an entry's name. Names are UTF-8 or of code page 437, and a flag says which; but many programs write UTF-8 without the flag,
 * and hardly any text of code page 437 beyond ASCII is UTF-8 by chance. So whatever is UTF-8 is read as that.
 *
 * @param raw - the name's bytes.
 * @param unicodePath - content of the entry's extra field 0x7075, if it has one.
 */
export function decodeName(raw: Uint8Array, unicodePath?: Buffer): string {
  const isForName =
    unicodePath && unicodePath.length > UNICODE_PATH_HEAD && unicodePath[0] === 1
      ? unicodePath.readUInt32LE(1) === crc32(raw)
      : false;
  const name = (isForName && decodeUtf8(unicodePath?.subarray(UNICODE_PATH_HEAD))) || decodeUtf8(raw);
  // Some programs of Windows separate folders by its own sign.
  return (name ?? decodeCp437(raw)).replaceAll('\\', '/');
}

function decodeUtf8(bytes: Uint8Array | undefined): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

const decodeCp437 = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : CP437[byte - 128])).join('');

/** Whether an entry is what macOS packs beside a file: its attributes, not a file of the user's. */
export const isAppleDouble = (name: string): boolean => /^__MACOSX\/|(^|\/)\._[^/]*$/.test(name);
