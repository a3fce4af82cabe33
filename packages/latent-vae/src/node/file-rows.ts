import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CreateRows } from '../seamless/rows.js';

/**
 * Room for `decodeSeamless` on a disk instead of in memory: images of any size, 2 KiB for a pixel with Stable Diffusion's
 * autoencoder. Each file is removed as soon as it is not needed any more.
 *
 * @param folder - where temporary files may go; there must be room.
 */
export const fileRows =
  (folder: string): CreateRows =>
  async (height, rowLength) => {
    const home = await mkdtemp(join(folder, 'activations-'));
    const handle = await open(join(home, 'rows.f32'), 'wx+');
    const rowBytes = rowLength * Float32Array.BYTES_PER_ELEMENT;
    return {
      height,
      rowLength,
      async read(top, count) {
        const values = new Float32Array(count * rowLength);
        const bytes = new Uint8Array(values.buffer);
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, top * rowBytes + done);
          if (bytesRead === 0)
            throw new RangeError(`fileRows: expected rows ${top} to ${top + count - 1}, got an end. Write them first.`);
          done += bytesRead;
        }
        return values;
      },
      async write(top, values) {
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        for (let done = 0; done < bytes.length; )
          done += (await handle.write(bytes, done, bytes.length - done, top * rowBytes + done)).bytesWritten;
      },
      async dispose() {
        await handle.close();
        await rm(home, { recursive: true });
      },
    };
  };
