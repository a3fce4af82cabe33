import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type InstallProgress, type InstallSources, installWheels } from '@edm2/wheels/install';
import { isGlibcAtLeast, type Machine, thisMachine } from '@edm2/wheels/machine';
import { remove as removeFrom } from '@edm2/wheels/remove';
import { OFFERED, VERSION, WANTED, wheelsOf } from './catalogue.js';
import { cacheFolder } from './folders.js';
import { KINDS, type Kind, pluginsUnder } from './locate.js';

/** An installed plugin. */
export interface Installation {
  readonly kind: Kind;
  readonly version: string;
  readonly folder: string;
  readonly file: string;
}

/** Options of `install`. */
export interface InstallOptions {
  readonly kind: Kind;
  /** Without NVIDIA's libraries: for machines that have them already, and for those that compile only. */
  readonly alone?: boolean | undefined;
  /** Folder of installations; default: the user's cache. */
  readonly directory?: string;
  readonly onProgress?: (progress: InstallProgress) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes on disk per byte of a wheel. */
const UNPACKED = 3.3;
const GLIBC_MINOR = 27;

/**
 * Installs a plugin out of a pinned wheel, into a folder of its own that appears whole or not at all.
 *
 * @throws {RangeError} for a kind that is not pinned, with where to get it.
 * @throws {Error} where no build runs, when a wheel cannot be had or is not the pinned one, when there is no room.
 */
export async function install(
  { kind, alone = false, directory = cacheFolder(), onProgress, signal }: InstallOptions,
  sources: InstallSources = {},
): Promise<Installation & { readonly already: boolean }> {
  const wheels = sources.wheels ?? wheelsOf(kind, alone);
  if (wheels === undefined)
    throw new RangeError(
      `install: expected one of ${OFFERED.map((name) => `--${name}`).join(', ')}, got --${kind}, of which no build is pinned here. Install JAX for it (pip install "jax[${kind}]") and run in its environment, or name a plugin with --plugin or PJRT_PLUGIN_LIBRARY_PATH.`,
    );
  checkMachine(sources.machine ?? thisMachine());
  const name = `${VERSION}-${alone ? 'alone-' : ''}${kind}`;
  const folder = join(directory, name);
  const find = (): Installation | undefined => {
    const [found] = existsSync(folder) ? pluginsUnder(folder, 'installed') : [];
    return found && { kind, version: VERSION, folder, file: found.file };
  };
  const unpacked = (): number => UNPACKED;
  const holds = 'a PJRT plugin';
  const manifest = { version: VERSION, kind };
  return installWheels(
    { directory, name, wheels, wanted: WANTED, unpacked, manifest, find, holds, onProgress, signal },
    sources,
  );
}

/** @throws {Error} for machines that no plugin is built for. */
function checkMachine({ platform, arch, glibc }: Machine): void {
  const refuse = (expected: string, got: string): Error =>
    new Error(
      `install: expected ${expected}, got ${got}. XLA's plugins are not available here: use onnxruntime, or TensorFlow's library.`,
    );
  if (platform !== 'linux' || arch !== 'x64') throw refuse('linux-x64', `${platform}-${arch}`);
  if (glibc === undefined || !isGlibcAtLeast(glibc, GLIBC_MINOR))
    throw refuse(`glibc 2.${GLIBC_MINOR} or newer`, glibc === undefined ? 'another C library' : `glibc ${glibc}`);
}

/** Whether a name is that of an installation that the command makes. */
const isOurs = (name: string): boolean =>
  KINDS.some((kind) => name.endsWith(`-${kind}`)) && /^\d+\.\d+\.\d+-/.test(name);

/**
 * Removes every installation, and what interrupted ones left.
 *
 * @returns paths of what was removed.
 */
export const remove = ({ directory = cacheFolder() }: { directory?: string } = {}): Promise<string[]> =>
  removeFrom(directory, isOurs);
