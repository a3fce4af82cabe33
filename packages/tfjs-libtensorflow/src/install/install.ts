import fs, { mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrorCode, LockedError, lockFolder } from '@edm2/tensor-files';
import { VERSIONS, type Version, WANTED, type Wheel, wheelsOf } from './catalogue.js';
import { cacheFolder } from './folders.js';
import { type IndexSettings, indexSettings } from './index-settings.js';
import { findInstallations, type Installation, type Variant } from './locate.js';
import { obtain } from './obtain.js';
import { type Machine, platformOf, thisMachine } from './platform.js';
import { unpack } from './unpack.js';

/** How far an installation is. */
export interface InstallProgress {
  readonly stage: 'download' | 'unpack';
  /** Bytes of this stage, of all wheels together. */
  readonly bytes: number;
  /** Bytes that the stage has in the end; of unpacking, an estimate. */
  readonly total: number;
}

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

/** What an installation is made from; everything that a test replaces. */
export interface InstallSources {
  readonly machine?: Machine;
  readonly wheels?: readonly Wheel[];
  readonly settings?: IndexSettings;
  readonly env?: NodeJS.ProcessEnv;
  readonly freeBytes?: (folder: string) => Promise<number>;
  readonly pause?: number;
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
  const { cuda = false, directory = cacheFolder(), version: wanted = VERSIONS[0] } = options;
  const version = VERSIONS.find((known) => known === wanted);
  if (version === undefined)
    throw new RangeError(
      `install: expected version to be one of ${VERSIONS.join(', ')}, got ${wanted}. Leave it out for ${VERSIONS[0]}.`,
    );
  const platform = platformOf(sources.machine ?? thisMachine(), version);
  const wheels = sources.wheels ?? wheelsOf(version, platform, cuda);
  const variant: Variant = cuda ? 'cuda' : 'cpu';
  const name = `${version}-${variant}`;
  const there = find(directory, name);
  if (there !== undefined) return { ...there, already: true };
  const lock = await lockFolder(directory, 'install').catch((cause: Error) => {
    // Of a read-only or forbidden place it is said already; a folder that cannot be made is not merely missing.
    if (cause instanceof LockedError || !['ENOENT', undefined].includes(fileErrorCode(cause))) throw cause;
    throw new Error(
      `install: expected a folder that can be made, got ${directory}: ${cause.cause instanceof Error ? cause.cause.message : cause.message}. Name another one with --directory.`,
      { cause },
    );
  });
  try {
    // Another installation may have ended meanwhile.
    const meanwhile = find(directory, name);
    if (meanwhile !== undefined) return { ...meanwhile, already: true };
    const partial = join(directory, `.${name}.partial`);
    try {
      await rm(partial, { recursive: true, force: true });
      await checkRoom(directory, wheels, sources.freeBytes);
      await fetchAll(wheels, partial, directory, options, sources);
      await writeFile(join(partial, 'installation.json'), manifest(version, variant, wheels));
      await rename(partial, join(directory, name));
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? noRoom(directory, neededBytes(wheels), 0) : error;
    }
    const made = find(directory, name);
    if (made === undefined)
      throw new Error(
        `install: expected the wheels to hold TensorFlow's C library, got none in ${join(directory, name)}. Report it.`,
      );
    return { ...made, already: false };
  } finally {
    await lock.release();
  }
}

const find = (directory: string, name: string): Installation | undefined =>
  findInstallations(directory).find(({ folder }) => folder === join(directory, name));

async function fetchAll(
  wheels: readonly Wheel[],
  partial: string,
  directory: string,
  { onProgress = () => {}, signal }: InstallOptions,
  { settings = indexSettings(), env, pause }: InstallSources,
): Promise<void> {
  const count = (stage: InstallProgress['stage'], total: number) => {
    let bytes = 0;
    return (more: number): void => {
      bytes += more;
      onProgress({ stage, bytes, total });
    };
  };
  const onDownload = count('download', sum(wheels.map((wheel) => wheel.bytes)));
  const onUnpack = count('unpack', sum(wheels.map(unpackedBytes)));
  const downloads = join(directory, 'downloads');
  await mkdir(downloads, { recursive: true });
  // All wheels first: a connection that breaks then costs no unpacking.
  const obtained = [];
  for (const wheel of wheels)
    obtained.push(
      await obtain(wheel, {
        folder: downloads,
        settings,
        onBytes: onDownload,
        signal,
        ...(env && { env }),
        ...(pause !== undefined && { pause }),
      }),
    );
  for (const { path, ours } of obtained) {
    await unpack(path, WANTED, partial, { onBytes: onUnpack, signal });
    if (ours) await rm(path);
  }
  // Other wheels may lie there, half fetched: they stay.
  await rmdir(downloads).catch(() => {});
}

async function checkRoom(
  directory: string,
  wheels: readonly Wheel[],
  freeBytes = async (folder: string): Promise<number> => {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize;
  },
): Promise<void> {
  const needed = neededBytes(wheels);
  const free = await freeBytes(directory);
  if (free < needed) throw noRoom(directory, needed, free);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

const unpackedBytes = ({ project, bytes }: Wheel): number =>
  bytes * (project.startsWith('nvidia') ? UNPACKED.nvidia : UNPACKED.tensorflow);

/** The wheels and what comes out of them lie on the disk together for a while. */
const neededBytes = (wheels: readonly Wheel[]): number =>
  sum(wheels.map((wheel) => wheel.bytes + unpackedBytes(wheel)));

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

const noRoom = (directory: string, needed: number, free: number): Error =>
  new Error(
    `install: expected ${gigabytes(needed)} of free space for ${directory}, got ${gigabytes(free)}. Free some, or name another folder with --directory.`,
  );

const manifest = (version: Version, variant: Variant, wheels: readonly Wheel[]): string =>
  `${JSON.stringify({ version, variant, wheels: wheels.map(({ project, version: of, sha256 }) => ({ project, version: of, sha256 })) }, null, 2)}\n`;
