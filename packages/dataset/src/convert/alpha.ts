import type { Picture } from '../transform/picture.js';

/**
 * What transparency is laid on: `white`, `black` or `#rrggbb`; undefined for `drop`, the published tool's way.
 *
 * @throws {RangeError} when it is none.
 */
export function backgroundOf(alpha: string): readonly [number, number, number] | undefined {
  if (alpha === 'drop') return undefined;
  if (alpha === 'white') return [255, 255, 255];
  if (alpha === 'black') return [0, 0, 0];
  if (!/^#[0-9a-f]{6}$/i.test(alpha))
    throw new RangeError(`alpha: expected drop, white, black or #rrggbb, got ${alpha}. Choose one.`);
  const value = Number.parseInt(alpha.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/**
 * Lays a picture on a colour, as Pillow's `paste` with a mask does: `(a·colour + (255 − a)·background)/255`, rounded.
 *
 * @param mask - `[height, width]`, 255 is opaque.
 * @returns a new picture of as many channels; of a grey one the background is grey too (ITU-R 601-2).
 */
export function flatten(
  picture: Picture,
  mask: Uint8Array,
  [red, green, blue]: readonly [number, number, number],
): Picture {
  const { channels, data } = picture;
  const grey = (19595 * red + 38470 * green + 7471 * blue + 32768) >> 16;
  const background = channels === 1 ? [grey] : [red, green, blue];
  const out = new Uint8Array(data.length);
  for (let i = 0, at = 0; i < mask.length; i++) {
    const a = mask[i] as number;
    for (let c = 0; c < channels; c++, at++) {
      const sum = (data[at] as number) * a + (background[c] as number) * (255 - a) + 128;
      out[at] = ((sum >> 8) + sum) >> 8;
    }
  }
  return { ...picture, data: out };
}
