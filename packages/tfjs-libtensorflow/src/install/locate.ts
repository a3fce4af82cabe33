import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, LIBRARY_FILES } from './folders.js';

/** Builds of TensorFlow's C library. */
export type Variant = 'cpu' | 'cuda';

/** An installed library. */
export interface Installation {
  /** Folder that holds `tensorflow/`, and `nvidia/` beside it for CUDA. */
  readonly folder: string;
  /** The C library. */
  readonly file: string;
  /** Release, such as `2.21.0`; undefined in a folder that the command did not make. */
  readonly version: string | undefined;
  readonly variant: Variant;
}

/**
 * Installations in a folder, newest release first, CUDA before CPU: those that the command made, or the folder itself
 * where it holds `tensorflow/`, as Python's site-packages does.
 */
export function findInstallations(directory: string = cacheFolder()): Installation[] {
  const itself = installation(directory, undefined, existsSync(join(directory, 'nvidia')) ? 'cuda' : 'cpu');
  if (itself !== undefined) return [itself];
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .flatMap((name) => {
      const [, version, variant] = /^(\d+\.\d+\.\d+)-(cpu|cuda)$/.exec(name) ?? [];
      const found = variant && installation(join(directory, name), version, variant as Variant);
      return found ? [found] : [];
    });
}

function installation(folder: string, version: string | undefined, variant: Variant): Installation | undefined {
  const file = LIBRARY_FILES.map((name) => join(folder, 'tensorflow', name)).find((path) => existsSync(path));
  return file === undefined ? undefined : { folder, file, version, variant };
}
