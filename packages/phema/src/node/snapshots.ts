import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { SnapshotLabel } from '@edm2/tensor-files';
import { type Profile, sigmaRelToGamma } from '../profile.js';
import { type FloatDtype, isFloat } from './float-type.js';
import { isNamed, type LabelOptions, labelOf } from './label.js';
import { openStored, STORED_FILE } from './open-stored.js';
import type { StoredEntry, StoredFile } from './stored-file.js';

/** Marks what reconstruction wrote, so that it is never taken for a stored average. */
export const RECONSTRUCTED_KEY = 'reconstructed';

/** Checkpoints lie in the same folder and are no averages. */
const CHECKPOINT = /^training-state-/;

/** One stored average. */
export interface Snapshot extends SnapshotLabel {
  readonly path: string;
  readonly file: StoredFile;
  readonly profile: Profile;
}

/** What names of files alone do not tell. */
export interface OpenSnapshotsOptions extends LabelOptions {
  /**
   * Further names that pickles may use, `module.Name`, beside those that networks and state dicts need. Nothing is executed: they stand for
   * values that do nothing.
   */
  readonly allow?: readonly string[] | undefined;
}

/** Stored averages of one network. */
export interface SnapshotSet {
  /** By time, then length. */
  readonly snapshots: readonly Snapshot[];
  /** Files that are no stored averages, and why. */
  readonly ignored: readonly { readonly path: string; readonly reason: string }[];
  /** Tensors that every snapshot has, alike in type and shape. */
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** Tensors of kinds that are not read, which no result can have: what they are, by name. */
  readonly opaque: ReadonlyMap<string, string>;
  /** Numbers in the averaged tensors of one snapshot. */
  readonly values: number;
  /** The narrowest type of an averaged tensor. */
  readonly dtype: FloatDtype;
  /** Bytes of one snapshot's tensors. */
  readonly bytes: number;
  /** Lengths that were tracked, ascending. */
  readonly sigmaRels: readonly number[];
  /** Times at which averages were stored, ascending. */
  readonly times: readonly number[];
  /** Compares every file that carries a checksum with it. @throws {SafetensorsParseError} naming a damaged file. */
  verify(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Closes the files. */
  close(): Promise<void>;
}

/**
 * Opens stored averages and checks that they belong together; reads headers only, never a tensor.
 *
 * `sigmaRel` and `nimg` come from a file's metadata, else from its name `PREFIX-KIMG-STD.safetensors`. Files of a folder
 * without them, checkpoints, and what reconstruction wrote are left aside.
 *
 * Reads safetensors of anybody, NVIDIA's network snapshots (`PREFIX-KIMG-STD.pkl`) and ema-pytorch's checkpoints (`INDEX.STEP.pt`).
 *
 * @param path - a folder, or the files themselves.
 * @param options - what ema-pytorch's names leave open.
 * @returns the open snapshots; the caller closes them.
 * @throws {SafetensorsParseError} when a file is truncated or damaged; the message names it.
 * @throws {RangeError} when there are no snapshots, two are of the same time and length, or they are of different networks.
 */
export async function openSnapshots(
  path: string | readonly string[],
  options: OpenSnapshotsOptions = {},
): Promise<SnapshotSet> {
  const given = typeof path === 'string' ? undefined : path;
  const paths = given ?? (await listFolder(path as string));
  const ignored: { path: string; reason: string }[] = [];
  const snapshots: Snapshot[] = [];
  const opened: StoredFile[] = [];
  const close = async () => {
    await Promise.all(opened.map((file) => file.close()));
  };
  try {
    for (const each of paths) {
      if (!given && CHECKPOINT.test(basename(each))) {
        ignored.push({ path: each, reason: 'a checkpoint' });
        continue;
      }
      if (!given && !isNamed(each)) {
        ignored.push({ path: each, reason: 'its name does not tell length and time' });
        continue;
      }
      const file = await openStored(each, options.allow);
      opened.push(file);
      const reason = await describe(each, file, snapshots, options);
      if (reason === undefined) continue;
      if (given)
        throw new RangeError(`openSnapshots: expected a stored average, got ${each}: ${reason}. Leave it out.`);
      await file.close();
      ignored.push({ path: each, reason });
    }
    snapshots.sort((a, b) => a.nimg - b.nimg || a.sigmaRel - b.sigmaRel);
    const first = snapshots[0];
    if (!first)
      throw new RangeError(
        `openSnapshots: expected averages named PREFIX-KIMG-STD.safetensors or with sigmaRel and nimg in their metadata, got none in ${typeof path === 'string' ? path : 'an empty list'}${ignored.length > 0 ? ` (${ignored.length} other files)` : ''}. Is it the folder of a run?`,
      );
    checkDistinct(snapshots);
    for (const snapshot of snapshots) checkAlike(first, snapshot);
    return { snapshots, ignored, ...summary(first, snapshots), verify: (options) => verify(snapshots, options), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listFolder(path: string): Promise<string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new RangeError(`openSnapshots: expected a folder, got ${path}, which cannot be read. Check the path.`, {
      cause,
    });
  });
  if (!info.isDirectory())
    throw new RangeError(
      `openSnapshots: expected a folder, got the file ${path}. Give its folder, or a list of files.`,
    );
  const names = await readdir(path);
  return names
    .filter((name) => STORED_FILE.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(path, name));
}

/** Adds a file to the snapshots, or says why it is none. */
async function describe(
  path: string,
  file: StoredFile,
  snapshots: Snapshot[],
  options: LabelOptions,
): Promise<string | undefined> {
  if (file.metadata[RECONSTRUCTED_KEY] !== undefined) return 'reconstructed, not stored by a run';
  const label = labelOf(path, file.metadata, options);
  if (!label) return 'neither its name nor its metadata tells sigmaRel and nimg';
  if (!(label.nimg > 0)) return `stored at nimg = ${label.nimg}, before training`;
  try {
    snapshots.push({
      sigmaRel: label.sigmaRel,
      nimg: label.nimg,
      path,
      file,
      profile: { gamma: label.gamma ?? sigmaRelToGamma(label.sigmaRel), t: label.nimg },
    });
  } catch (cause) {
    throw new RangeError(
      `openSnapshots: expected 0 < sigmaRel < 0.2887 in ${path}, got ${label.sigmaRel}. Is it an average?`,
      {
        cause,
      },
    );
  }
  return undefined;
}

function checkDistinct(snapshots: readonly Snapshot[]): void {
  snapshots.forEach((snapshot, i) => {
    const before = snapshots[i - 1];
    if (before && before.nimg === snapshot.nimg && before.sigmaRel === snapshot.sigmaRel)
      throw new RangeError(
        `openSnapshots: expected one average of each time and length, got nimg = ${snapshot.nimg}, sigmaRel = ${snapshot.sigmaRel} in both ${before.path} and ${snapshot.path}. Move one away, or give a list of files.`,
      );
  });
}

function checkAlike(reference: Snapshot, snapshot: Snapshot): void {
  const fail = (expected: string, got: string): never => {
    throw new RangeError(
      `openSnapshots: expected ${expected} in ${snapshot.path} as in ${reference.path}, got ${got}. It belongs to another network: move it away.`,
    );
  };
  const { entries } = snapshot.file;
  for (const [name, { dtype, shape }] of reference.file.entries) {
    const other = entries.get(name);
    if (!other) fail(`a tensor ${name}`, 'none');
    else if (other.shape.join() !== shape.join()) fail(`${name} of shape [${shape}]`, `[${other.shape}]`);
    else if (other.dtype !== dtype) fail(`${name} of type ${dtype}`, other.dtype);
  }
  for (const name of entries.keys()) if (!reference.file.entries.has(name)) fail(`no tensor ${name}`, 'one');
}

function summary(first: Snapshot, snapshots: readonly Snapshot[]) {
  const { entries } = first.file;
  const floats = [...entries.values()].filter((entry) => isFloat(entry.dtype));
  const narrowest = floats
    .map((entry) => entry.dtype as FloatDtype)
    .sort((a, b) => PRECISION.indexOf(a) - PRECISION.indexOf(b));
  const distinct = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);
  return {
    entries,
    opaque: first.file.opaque,
    values: floats.reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0),
    dtype: narrowest[0] ?? ('F32' as const),
    bytes: [...entries.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    sigmaRels: distinct(snapshots.map(({ sigmaRel }) => sigmaRel)),
    times: distinct(snapshots.map(({ nimg }) => nimg)),
  };
}

/** Coarsest first. */
const PRECISION: readonly FloatDtype[] = ['BF16', 'F16', 'F32', 'F64'];

async function verify(
  snapshots: readonly Snapshot[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  for (const { file } of snapshots) await file.verify({ signal });
}
