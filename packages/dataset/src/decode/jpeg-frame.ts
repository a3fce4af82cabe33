/** What the frame header (SOF) of a JPEG says. */
export interface JpegFrame {
  /** 1 grey, 3 colour, 4 CMYK. */
  readonly components: number;
  readonly progressive: boolean;
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
    if (isFrame) return { components: bytes[at + 9] ?? 0, progressive: (marker & 3) === 2 };
    at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }
  return undefined;
}
