import { appendFile } from 'node:fs/promises';
import { explainFileError } from '@edm2/tensor-files';

/**
 * Adds to a log of the run.
 *
 * @throws {Error} (rejects) of the file system, explained.
 */
export async function append(path: string, data: string | Uint8Array): Promise<void> {
  try {
    await appendFile(path, data);
  } catch (error) {
    throw explainFileError(error, { fn: 'training', path });
  }
}
