import { type FileHandle, open } from 'node:fs/promises';

/** Bytes compared at a time. */
const PIECE = 1 << 20;

/**
 * Compares an open file with the one under a name.
 *
 * @param size - of the open file, in bytes.
 * @returns `nothing` when there is none that can be read.
 */
export async function compareFiles(
  handle: FileHandle,
  size: number,
  path: string,
): Promise<'nothing' | 'same' | 'other'> {
  const other = await open(path).catch(() => undefined);
  if (!other) return 'nothing';
  try {
    const found = await other.stat();
    if (!found.isFile() || found.size !== size) return 'other';
    const [a, b] = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)];
    for (let at = 0; at < size; at += PIECE) {
      const length = Math.min(PIECE, size - at);
      const whole = (await fill(handle, a, at, length)) && (await fill(other, b, at, length));
      if (!whole || a.compare(b, 0, length, 0, length) !== 0) return 'other';
    }
    return 'same';
  } finally {
    await other.close();
  }
}

/** @returns false when the file ends before. */
async function fill(handle: FileHandle, target: Buffer, position: number, length: number): Promise<boolean> {
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(target, done, length - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}
