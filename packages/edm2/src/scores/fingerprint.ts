import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Bytes read at both ends of a file: headers and metadata lie there, and a gigabyte need not be read to tell files apart. */
const ENDS = 2 ** 16;

/** Tells a file from others, by its size and both ends. */
export async function fileFingerprint(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const hash = createHash('sha256').update(String(size));
    for (const at of [0, Math.max(0, size - ENDS)]) {
      const buffer = Buffer.alloc(Math.min(ENDS, size));
      await file.read(buffer, 0, buffer.length, at);
      hash.update(buffer);
    }
    return hash.digest('hex').slice(0, 16);
  } finally {
    await file.close();
  }
}
