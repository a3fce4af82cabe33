import { appendFile } from 'node:fs/promises';

/**
 * Adds to a log of the run.
 *
 * @throws {Error} (rejects) of the file system; a full disk is explained.
 */
export async function append(path: string, data: string | Uint8Array): Promise<void> {
  try {
    await appendFile(path, data);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw cause;
    throw new Error(
      `training: expected room on the disk for ${path}, got ${code}. Free some space and go on with --resume.`,
      { cause },
    );
  }
}
