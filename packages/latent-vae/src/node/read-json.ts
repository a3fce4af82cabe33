import { readFile, stat } from 'node:fs/promises';

/**
 * Reads a small JSON file.
 *
 * @param fn - who asks, for the error.
 * @param most - a larger file is not what is looked for.
 * @throws {RangeError} (rejects) when it is larger, or not JSON.
 * @throws {Error} (rejects) of the file system.
 */
export async function readJson(path: string, fn: string, most: number): Promise<unknown> {
  const { size } = await stat(path);
  if (size > most)
    throw new RangeError(
      `${fn}: expected ${path} of at most ${most} bytes, got ${size}. Is it the file that you mean?`,
    );
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const got = text.startsWith('version https://git-lfs') ? 'a Git LFS pointer' : JSON.stringify(text.slice(0, 40));
    throw new RangeError(
      `${fn}: expected ${path} to hold JSON, got ${got}. ${got.startsWith('a') ? 'Fetch the file itself: git lfs pull' : 'Download it again'}.`,
      { cause },
    );
  }
}
