import type { Installation } from '../install/locate.js';

/** First and last release whose C API is known to be as it is used here. */
const FIRST = [2, 16] as const;
const LAST = [2, 21] as const;

/**
 * Makes sure that an opened library is what it should be.
 *
 * @param version - what the library says of itself.
 * @throws {Error} for a release that is not supported, or another one than was installed.
 */
export function checkVersion(version: string, { file, version: installed }: Installation): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== FIRST[0] || minor < FIRST[1] || minor > LAST[1])
    throw new Error(
      `startLibtensorflow: expected TensorFlow ${FIRST.join('.')} to ${LAST.join('.')}, got ${version} in ${file}. Run: npx tfjs-libtensorflow install`,
    );
  if (installed !== undefined && installed !== version)
    throw new Error(
      `startLibtensorflow: expected TensorFlow ${installed}, got ${version} in ${file}. Run: npx tfjs-libtensorflow remove, then install`,
    );
}
