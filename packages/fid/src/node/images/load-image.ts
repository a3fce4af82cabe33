import type { PixelImage } from '../../dinov2/resize-pixels.js';
import { decodeRgb } from './decode.js';
import { ImageError } from './image-error.js';
import type { ImageSource } from './image-source.js';

/**
 * Reads and decodes an image of a source. A file that cannot be read, damaged zip entries included, is a corrupt image.
 *
 * @throws {ImageError} (rejects)
 */
export async function loadImage(source: ImageSource, name: string): Promise<PixelImage> {
  if (source.readPixels) return source.readPixels(name);
  return decodeRgb(await readImage(source, name), source.pathOf(name), source);
}

async function readImage(source: ImageSource, name: string): Promise<Uint8Array> {
  try {
    return await source.read(name);
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    const file = source.pathOf(name);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ImageError(
      'corrupt',
      file,
      `loadImage: expected a readable file, got "${reason}" in ${file}. Replace it, or leave such files out with --skip-corrupt.`,
      cause,
    );
  }
}
