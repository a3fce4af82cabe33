import { readFile } from 'node:fs/promises';
import { createWriter } from '@edm2/dataset';
import { convertIndexedToRgb, decode, encode } from 'fast-png';
import type { EmojiClass } from './classes.js';
import { type Emoji, SOURCE } from './emoji.js';

/** Side of the pictures. */
export const SIDE = 64;

/** Writes emoji on white as a dataset in EDM2's format, their kinds as classes. Goes on where it was interrupted. */
export async function writeImages(
  dest: string,
  emoji: readonly Emoji[],
  classes: readonly EmojiClass[],
  signal: AbortSignal,
): Promise<void> {
  const { name, version, licence } = SOURCE;
  const source = `${name} ${version}, ${licence}`;
  const writer = await createWriter(dest, { kind: 'images', settings: { source, images: emoji.length } });
  for (const [index, { path }] of emoji.entries()) {
    signal.throwIfAborted();
    if (writer.has(index)) continue;
    const data = onWhite(path, await readFile(path));
    await writer.add(index, encode({ width: SIDE, height: SIDE, channels: 3, depth: 8, data }));
  }
  const labels = emoji.map(({ kind }) => classes.findIndex(({ name: its }) => its === kind));
  await writer.finish({ labels, notes: { source, classes: classes.map(({ name: its }) => its) }, signal });
}

/** @returns RGB `[SIDE, SIDE, 3]`. @throws {Error} when it is another kind of picture. */
function onWhite(path: string, file: Uint8Array): Uint8Array {
  const png = decode(file);
  const pixels = png.palette ? convertIndexedToRgb(png) : png.data;
  const channels = pixels.length / (png.width * png.height);
  if (png.width !== SIDE || png.height !== SIDE || png.depth > 8 || (channels !== 3 && channels !== 4))
    throw new Error(
      `${path}: expected a colour PNG of ${SIDE}×${SIDE}, got ${png.width}×${png.height} of ${channels} channels.`,
    );
  const out = new Uint8Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const alpha = channels === 4 ? (pixels[4 * i + 3] as number) : 255;
    for (let c = 0; c < 3; c++)
      out[3 * i + c] = Math.round(((pixels[channels * i + c] as number) * alpha + 255 * (255 - alpha)) / 255);
  }
  return out;
}
