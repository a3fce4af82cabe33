import { join } from 'node:path';
import { type InstallProgress, type InstallSources, installWheels } from '@edm2/wheels/install';
import { thisMachine } from '@edm2/wheels/machine';
import { VERSIONS, WANTED, wheelsOf } from './catalogue.js';
import { cacheFolder } from './folders.js';
import { findInstallations, type Installation, type Variant } from './locate.js';
import { platformOf } from './platform.js';

/** Options of `install`. */
export interface InstallOptions {
  /** True for the build with CUDA and NVIDIA's libraries. Linux x64 only. */
  readonly cuda?: boolean;
  readonly version?: string;
  /** Folder of installations; default: the user's cache. */
  readonly directory?: string;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes on disk per byte of a wheel: libraries are packed to about a third, NVIDIA's to half. */
const UNPACKED = { tensorflow: 3.2, nvidia: 2 } as const;

/**
 * Installs TensorFlow's C library out of the pinned official wheels, into a folder of its own that appears whole or not at all.
 *
 * @returns the installation, and whether it was there already.
 * @throws {RangeError} for a version that is not pinned.
 * @throws {Error} where no build runs, when a wheel cannot be had or is not the pinned one, when there is no room.
 */
export async function install(
  options: InstallOptions = {},
  sources: InstallSources = {},
): Promise<Installation & { readonly already: boolean }> {
  const { cuda = false, directory = cacheFolder(), version: wanted = VERSIONS[0], onProgress, signal } = options;
  const version = VERSIONS.find((known) => known === wanted);
  if (version === undefined)
    throw new RangeError(
      `install: expected version to be one of ${VERSIONS.join(', ')}, got ${wanted}. Leave it out for ${VERSIONS[0]}.`,
    );
  const platform = platformOf(sources.machine ?? thisMachine(), version);
  const variant: Variant = cuda ? 'cuda' : 'cpu';
  const name = `${version}-${variant}`;
  const wheels = sources.wheels ?? wheelsOf(version, platform, cuda);
  return installWheels(
    {
      directory,
      name,
      wheels,
      wanted: WANTED,
      unpacked: ({ project }) => (project.startsWith('nvidia') ? UNPACKED.nvidia : UNPACKED.tensorflow),
      manifest: { version, variant },
      find: () => findInstallations(directory).find(({ folder }) => folder === join(directory, name)),
      holds: "TensorFlow's C library",
      onProgress,
      signal,
    },
    sources,
  );
}
