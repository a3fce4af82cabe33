import { readBmpHeader } from './decode/bmp-header.js';
import { checkTiff } from './decode/check-tiff.js';
import { decodeBmp } from './decode/decode-bmp.js';
import { imageKind } from './decode/image-kind.js';
import { jpegFrame } from './decode/jpeg-frame.js';
import { type FileSource, readHead } from './file-source.js';
import { CONCURRENCY, HEADER_BYTES, MAX_PROBED, MAX_RESOLUTION } from './limits.js';
import { mapLimit } from './map-limit.js';

/**
 * Whether an image is grey, by its header.
 *
 * @param bytes - the file, or its beginning.
 * @returns undefined where these bytes do not say.
 */
function isGrey(bytes: Uint8Array): boolean | undefined {
  switch (imageKind(bytes)) {
    case 'png':
      return bytes[25] === 0 || bytes[25] === 4;
    case 'jpeg': {
      const frame = jpegFrame(bytes);
      return frame && frame.components === 1;
    }
    case 'pnm':
      return bytes[1] !== 0x33 && bytes[1] !== 0x36;
    case 'gif':
    case 'webp':
    case 'avif':
      return false;
    case 'bmp':
      return readBmpHeader(bytes).bits > 8 ? false : decodeBmp(bytes, MAX_RESOLUTION).channels === 1;
    case 'tiff': {
      const facts = checkTiff(bytes);
      return typeof facts === 'object' ? facts.grey : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Whether a dataset whose first image is grey has one of colour: looked for in all of {@link MAX_PROBED} images, of a larger dataset in
 * as many, evenly spread. What cannot be read is left to the reading.
 */
export async function hasColour(source: FileSource, names: readonly string[]): Promise<boolean> {
  const stride = Math.max(1, names.length / MAX_PROBED);
  let found = false;
  const stop = new Error('found');
  await mapLimit(
    Math.ceil(names.length / stride),
    CONCURRENCY,
    async (i) => {
      const name = names[Math.floor(i * stride)] ?? '';
      if ((await greyOf(source, name)) === false) found = true;
    },
    () => {
      if (found) throw stop;
    },
  ).catch((error: unknown) => {
    if (error !== stop) throw error;
  });
  return found;
}

async function greyOf(source: FileSource, name: string): Promise<boolean | undefined> {
  const attempt = (bytes: Uint8Array): boolean | undefined => {
    try {
      return isGrey(bytes);
    } catch {
      return undefined; // cut short: the rest may be missing here, or in the file
    }
  };
  try {
    return attempt(await readHead(source, name, HEADER_BYTES)) ?? attempt(await source.read(name));
  } catch {
    return undefined;
  }
}
