import { dirname, join } from 'node:path';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';
import { encode } from 'fast-png';
import type { PixelBatch } from '../sample/images.js';

/** Images of a folder where there are sub-folders. */
const PER_FOLDER = 1000;

const six = (n: number): string => String(n).padStart(6, '0');

/** Path of a seed's image: `000123.png`, with `subdirs` `000000/000123.png`. */
export const imagePath = (folder: string, seed: number, subdirs = false): string =>
  join(folder, ...(subdirs ? [six(seed - (seed % PER_FOLDER))] : []), `${six(seed)}.png`);

/**
 * Writes an image as PNG, whole or not at all; makes its folder.
 *
 * @param image - `[1, H, W, C]`, C = 1 (grey) or 3 (RGB).
 */
export async function writeImage(path: string, { data, shape }: PixelBatch): Promise<void> {
  const [, height, width, channels] = shape;
  await makeFolder(dirname(path));
  await writeFileAtomic(path, encode({ width, height, channels, data, depth: 8 }));
}
