import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import type { NetworkOptions } from './measure.js';

/**
 * Checks that statistics can be kept in a file before hours go into them.
 *
 * @param who - option or command that names it.
 * @throws {UsageError} (rejects) for another ending, or a file that is there and may not be replaced.
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
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory())
    throw new UsageError(`${who}: expected a file name, got the folder ${path}. Add a name in it.`);
  if (found && !overwrite)
    throw new UsageError(
      `${who}: expected a new file, got ${path}, which is there already. Choose another name, or add --overwrite to replace it.`,
    );
}
