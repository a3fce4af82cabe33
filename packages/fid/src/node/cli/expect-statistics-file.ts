import { extname } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { expectFile } from '@edm2/command/expect-destination';
import type { NetworkOptions } from './measure.js';

/**
 * Checks that statistics can be kept in a file before hours go into them.
 *
 * @param who - option or command that names it.
 * @throws {UsageError} (rejects) for another ending, or a file that is there and may not be replaced.
 * @throws {Error} (rejects) of the file system, explained, when nothing can be written there.
 */
export async function expectStatisticsFile(
  who: string,
  path: string,
  { network, overwrite }: Pick<NetworkOptions, 'network'> & { readonly overwrite?: true },
): Promise<void> {
  const ending = extname(path).toLowerCase();
  if (ending !== '.npz' && ending !== '.safetensors')
    throw new UsageError(`${who}: expected a file name ending in .npz or .safetensors, got ${path}. Name it so.`);
  if (ending === '.npz' && network !== 'inception')
    throw new UsageError(
      `${who}: expected .safetensors for statistics of ${network}, got ${path}: .npz is read as inception's. Change the ending.`,
    );
  await expectFile(who, path, overwrite === true);
}
