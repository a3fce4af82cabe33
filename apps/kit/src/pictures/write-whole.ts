import { dirname } from 'node:path';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';

/** Writes a file whole or not at all; makes its folder. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomic(path, content);
}
