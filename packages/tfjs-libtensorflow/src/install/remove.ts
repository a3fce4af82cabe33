import { remove as removeFrom } from '@edm2/wheels/remove';
import { cacheFolder } from './folders.js';

/**
 * Removes every installation, and what interrupted ones left; nothing else in the folder is touched.
 *
 * @returns paths of what was removed.
 */
export const remove = ({ directory = cacheFolder() }: { directory?: string } = {}): Promise<string[]> =>
  removeFrom(directory, (name) => /^\d+\.\d+\.\d+-(cpu|cuda)$/.test(name));
