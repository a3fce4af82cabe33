import sharp from 'sharp';
import { readBmpHeader } from '../decode/bmp-header.js';
import { decodeNpy } from '../decode/decode-npy.js';
import { decodePnm } from '../decode/decode-pnm.js';
import { imageKind } from '../decode/image-kind.js';
import { jpegFrame } from '../decode/jpeg-frame.js';
import { type FileSource, readHead } from '../file-source.js';
import { HEADER_BYTES, MAX_PIXELS, MAX_SOURCE_SIDE } from '../limits.js';
import { spellingOf } from '../spelling.js';
import type { Size } from '../transform/transforms.js';

/**
 * Width and height of an image file as they are stored, by its header.
 *
 * @returns undefined where nothing says so: the file is damaged, or of a kind that is not read.
 */
export async function imageSize(source: FileSource, name: string): Promise<Size | undefined> {
  try {
    const head = await readHead(source, name, HEADER_BYTES);
    const quick = sizeInHead(head);
    if (quick) return quick;
    const bytes = await source.read(name);
    return sizeInHead(bytes) ?? (await sizeByDecoder(bytes));
  } catch {
    return undefined;
  }
}

function sizeInHead(bytes: Uint8Array): Size | undefined {
  const kind = imageKind(bytes);
  if (kind === 'png' && bytes.length >= 24) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  const frame = kind === 'jpeg' ? jpegFrame(bytes) : undefined;
  return frame && frame.height > 0 ? { width: frame.width, height: frame.height } : undefined;
}

async function sizeByDecoder(bytes: Uint8Array): Promise<Size> {
  const kind = imageKind(bytes);
  if (kind === 'bmp') return readBmpHeader(bytes);
  if (kind === 'pnm') return decodePnm(bytes, MAX_SOURCE_SIDE, true);
  if (kind === 'npy') return decodeNpy(bytes, '', spellingOf(undefined));
  const { width, height } = await sharp(bytes, { failOn: 'none', limitInputPixels: MAX_PIXELS }).metadata();
  return { width, height };
}
