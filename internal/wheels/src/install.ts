import fs, { mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileErrorCode, LockedError, lockFolder } from '@edm2/tensor-files';
import { type IndexSettings, indexSettings } from './index-settings.js';
import type { Machine } from './machine.js';
import { obtain } from './obtain.js';
import { unpack } from './unpack.js';
import type { Wheel } from './wheel.js';

/** How far an installation is. */
export interface InstallProgress {
  readonly stage: 'download' | 'unpack';
  /** Bytes of this stage, of all wheels together. */
  readonly bytes: number;
  /** Bytes that the stage has in the end; of unpacking, an estimate. */
  readonly total: number;
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

/** One installation: what is unpacked from which wheels, and where. */
export interface Installing<Found> {
  /** Folder of installations. */
  readonly directory: string;
  /** Name of this one in there. */
  readonly name: string;
  readonly wheels: readonly Wheel[];
  /** Files that are unpacked, by their paths in the wheels. */
  readonly wanted: RegExp;
  /** Bytes on disk per byte of a wheel, to reckon the room that is needed. */
  readonly unpacked: (wheel: Wheel) => number;
  /** What `installation.json` says beside the wheels. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** The installation, where it is whole. */
  readonly find: () => Found | undefined;
  /** What the wheels must hold, for the error when they do not. */
  readonly holds: string;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Installs native libraries out of pinned wheels, into a folder of its own that appears whole or not at all.
 *
 * @returns the installation, and whether it was there already.
 * @throws {Error} when a wheel cannot be had or is not the pinned one, when there is no room, when another process installs.
 */
export async function installWheels<Found extends object>(
  given: Installing<Found>,
  sources: InstallSources = {},
): Promise<Found & { readonly already: boolean }> {
  const { directory, name, wheels, find } = given;
  const there = find();
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
    const meanwhile = find();
    if (meanwhile !== undefined) return { ...meanwhile, already: true };
    const partial = join(directory, `.${name}.partial`);
    try {
      await rm(partial, { recursive: true, force: true });
      await checkRoom(given, sources.freeBytes);
      await fetchAll(given, partial, sources);
      await writeFile(join(partial, 'installation.json'), describe(given));
      await rename(partial, join(directory, name));
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? noRoom(given, 0) : error;
    }
    const made = find();
    if (made === undefined)
      throw new Error(
        `install: expected the wheels (${wheels.map(({ project }) => project).join(', ')}) to hold ${given.holds}, got none in ${join(directory, name)}. Report it.`,
      );
    return { ...made, already: false };
  } finally {
    await lock.release();
  }
}

async function fetchAll(
  { wheels, directory, wanted, unpacked, onProgress = () => {}, signal }: Installing<object>,
  partial: string,
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
  const onUnpack = count('unpack', sum(wheels.map((wheel) => wheel.bytes * unpacked(wheel))));
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
    await unpack(path, wanted, partial, { onBytes: onUnpack, signal });
    if (ours) await rm(path);
  }
  // Other wheels may lie there, half fetched: they stay.
  await rmdir(downloads).catch(() => {});
}

async function checkRoom(
  given: Installing<object>,
  freeBytes = async (folder: string): Promise<number> => {
    const { bavail, bsize } = await fs.statfs(folder);
    return bavail * bsize;
  },
): Promise<void> {
  const free = await freeBytes(given.directory);
  if (free < neededBytes(given)) throw noRoom(given, free);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** The wheels and what comes out of them lie on the disk together for a while. */
const neededBytes = ({ wheels, unpacked }: Installing<object>): number =>
  sum(wheels.map((wheel) => wheel.bytes * (1 + unpacked(wheel))));

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

const noRoom = (given: Installing<object>, free: number): Error =>
  new Error(
    `install: expected ${gigabytes(neededBytes(given))} of free space for ${given.directory}, got ${gigabytes(free)}. Free some, or name another folder with --directory.`,
  );

const describe = ({ manifest, wheels }: Installing<object>): string =>
  `${JSON.stringify({ ...manifest, wheels: wheels.map(({ project, version, sha256 }) => ({ project, version, sha256 })) }, null, 2)}\n`;
