/** What the frame header (SOF) of a JPEG says. */
export interface JpegFrame {
  /** 1 grey, 3 colour, 4 CMYK. */
  readonly components: number;
  readonly progressive: boolean;
  readonly width: number;
  /** 0: said only behind the first lines (DNL). */
  readonly height: number;
}

/**
 * Stray bytes before the pixels, as the decoder's warnings name them: `18 0xdb` for 18 bytes before a marker 0xdb. Damage among the
 * pixels leaves bytes over too; these here cost none.
 */
export function strayHeaderBytes(bytes: Uint8Array): ReadonlySet<string> {
  const found = new Set<string>();
  for (let at = 2; at < bytes.length; ) {
    let stray = 0;
    let marker = 0;
    while (at < bytes.length) {
      while (at < bytes.length && bytes[at] !== 0xff) {
        at++;
        stray++;
      }
      while (bytes[at] === 0xff) at++;
      marker = bytes[at++] ?? 0;
      if (marker !== 0) break;
      stray += 2; // 0xff 0x00 is not a marker
    }
    if (stray > 0) found.add(`${stray} 0x${marker.toString(16).padStart(2, '0')}`);
    if (marker === 0xda || marker === 0xd9) break;
    const isAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
    if (!isAlone) at += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  return found;
}

/** Reads markers up to the frame header; undefined when the bytes end before. Stray bytes between markers are passed over. */
export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  for (let at = 2; at + 9 < bytes.length; ) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || marker === 0 || marker === 0xff) {
      at++;
      continue;
    }
    if (marker >= 0xd0 && marker <= 0xd9) {
      at += 2;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    const u16 = (offset: number): number => ((bytes[at + offset] ?? 0) << 8) | (bytes[at + offset + 1] ?? 0);
    if (isFrame)
      return { components: bytes[at + 9] ?? 0, progressive: (marker & 3) === 2, width: u16(7), height: u16(5) };
    at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }
  return undefined;
}
