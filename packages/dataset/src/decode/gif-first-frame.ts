/** Where the first frame of a GIF lies and what stands in its transparent places. */
export interface GifFirstFrame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** RGB of the transparent index, or of index 0 without one. */
  readonly background: readonly [number, number, number];
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;

/** Reads the header of a GIF up to its first frame; undefined when the file ends before. */
export function gifFirstFrame(bytes: Uint8Array): GifFirstFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const byte = (at: number): number => bytes[at] as number;
  const tableBytes = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  const globalTable = 13;
  let at = globalTable + tableBytes(byte(10));
  let transparent = 0;
  while (at + 10 <= bytes.length && byte(at) === EXTENSION) {
    if (byte(at + 1) === GRAPHIC_CONTROL && byte(at + 3) & 1) transparent = byte(at + 6);
    // Blocks of a length each, up to one of length 0.
    for (at += 2; byte(at) !== 0; at += byte(at) + 1) if (at >= bytes.length) return undefined;
    at++;
  }
  if (byte(at) !== IMAGE || at + 10 > bytes.length) return undefined;
  const local = byte(at + 9) & 0x80;
  const table = (local ? at + 10 : globalTable) + 3 * transparent;
  return {
    left: view.getUint16(at + 1, true),
    top: view.getUint16(at + 3, true),
    width: view.getUint16(at + 5, true),
    height: view.getUint16(at + 7, true),
    background: [byte(table), byte(table + 1), byte(table + 2)],
  };
}

/**
 * Fills the transparent and the uncovered places of a decoded GIF as Pillow does, with a colour of its palette.
 *
 * @param rgba - `[height, width, 3 or 4]`.
 * @returns `[height, width, 3]`, a new array.
 */
export function fillGif(rgba: Uint8Array, width: number, channels: number, frame: GifFirstFrame): Uint8Array {
  const size = rgba.length / channels;
  const rgb = new Uint8Array(size * 3);
  for (let i = 0; i < size; i++) {
    const [x, y] = [(i % width) - frame.left, Math.floor(i / width) - frame.top];
    const covered = x >= 0 && y >= 0 && x < frame.width && y < frame.height;
    const opaque = channels === 3 || rgba[i * channels + 3] !== 0;
    for (let c = 0; c < 3; c++)
      rgb[3 * i + c] = covered && opaque ? (rgba[i * channels + c] as number) : (frame.background[c] ?? 0);
  }
  return rgb;
}
