import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { known, type OptionNames } from '@edm2/options';
import { assumptionsOf } from './assumptions.js';
import { type FloatDtype, isFloat } from './float-type.js';
import { isEmaPytorch, isNamed, type LabelOptions, labelOf } from './label.js';
import { openStored, STORED_FILE } from './open-stored.js';
import type { Snapshot } from './snapshot.js';
import type { StoredEntry, StoredFile, Wrapper } from './stored-file.js';
import { findUpdateEvery, type UpdateEveryOptions } from './update-every.js';

/** Marks what reconstruction wrote, so that it is never taken for a stored average. */
export const RECONSTRUCTED_KEY = 'reconstructed';

/** Training states lie in the same folder and are not averages. */
const TRAINING_STATE = /^training-state-/;

/** What names of files alone do not tell. */
export interface OpenSnapshotsOptions extends LabelOptions {
  /**
   * Steps between two updates of ema-pytorch's averages, its `update_every` (100 unless it was set). It uses the decay of one step for
   * all of them, so its averages are not power functions; they are reckoned with as they are. Left out, it is found from the averages, which
   * predict each other only with the right value; given, it is checked by them.
   */
  readonly updateEvery?: number | undefined;
  /**
   * Further names that pickles may use, `module.Name`, beside those that networks and state dicts need. Nothing is executed: they stand for
   * values that do nothing.
   */
  readonly allow?: readonly string[] | undefined;
  /** Reckon with averages that contradict what was said of them. Default false. */
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Names of {@link OpenSnapshotsOptions}. */
export const OPEN_OPTIONS: OptionNames<OpenSnapshotsOptions> = {
  track: true,
  gammas: true,
  updateEvery: true,
  allow: true,
  force: true,
  signal: true,
};

/** Those options out of an object with others. */
export const openOptionsOf = (options: OpenSnapshotsOptions): OpenSnapshotsOptions => ({
  ...{ track: options.track, gammas: options.gammas, updateEvery: options.updateEvery },
  ...{ allow: options.allow, force: options.force, signal: options.signal },
});

/** Stored averages of one network. */
export interface SnapshotSet {
  /** By time, then length. */
  readonly snapshots: readonly Snapshot[];
  /** Files that are not stored averages, and why. */
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
  /** What times count: steps in ema-pytorch's files. */
  readonly unit: 'images' | 'steps';
  /** What was taken for granted, because no file says it; in words. */
  readonly assumptions: readonly string[];
  /** Compares every file that carries a checksum with it. @throws {SafetensorsParseError} naming a damaged file. */
  verify(options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Closes the files. */
  close(): Promise<void>;
}

/**
 * Opens stored averages and checks that they belong together; reads headers only, of ema-pytorch's also some numbers.
 *
 * `sigmaRel` and `nimg` come from a file's metadata, else from its name `PREFIX-KIMG-STD.safetensors`. Files of a folder
 * without them, training states and results of reconstruction are left aside.
 *
 * Reads anybody's safetensors, NVIDIA's network snapshots (`PREFIX-KIMG-STD.pkl`) and ema-pytorch's checkpoints (`INDEX.STEP.pt`).
 *
 * @param path - a folder, or the files themselves.
 * @param options - what ema-pytorch's names leave open.
 * @returns the open snapshots; the caller closes them.
 * @throws {SafetensorsParseError} when a file is truncated or damaged; the message names it.
 * @throws {RangeError} when there are no snapshots, two are of the same time and length, or they are of different networks.
 * @throws {OptionError} when ema-pytorch's files contradict the options, or an option is needed that they do not tell.
 */
export async function openSnapshots(
  path: string | readonly string[],
  options: OpenSnapshotsOptions = {},
): Promise<SnapshotSet> {
  known('openSnapshots', options, OPEN_OPTIONS);
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
      if (!given && TRAINING_STATE.test(basename(each))) {
        ignored.push({ path: each, reason: 'a training state' });
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
    if (!first) throw noAverages(typeof path === 'string' ? path : 'an empty list', ignored.length);
    checkDistinct(snapshots);
    for (const snapshot of snapshots) checkAlike(first, snapshot);
    const { updateEvery, how } = await emaPytorchUpdates(snapshots, options);
    return {
      snapshots: snapshots.map((one) => (updateEvery > 1 ? { ...one, profile: { ...one.profile, updateEvery } } : one)),
      ignored,
      ...summary(first, snapshots),
      unit: first.source === 'ema-pytorch' ? 'steps' : 'images',
      assumptions: assumptionsOf(snapshots, options, how),
      verify: (options) => verify(snapshots, options),
      close,
    };
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
    throw new RangeError(`openSnapshots: expected a folder, got the file ${path}. Give its folder.`);
  const names = await readdir(path);
  return names
    .filter((name) => STORED_FILE.test(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(path, name));
}

const noAverages = (place: string, others: number): RangeError =>
  new RangeError(
    [
      'openSnapshots: expected averages named PREFIX-KIMG-STD.safetensors or with sigmaRel and nimg in their metadata,',
      `got none in ${place}${others > 0 ? ` (${others} other files)` : ''}. Is it the folder of a run?`,
    ].join(' '),
  );

/** Adds a file to the snapshots, or says why it is not one. */
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
  const { sigmaRel, nimg, gamma, source } = label;
  if (file.wrapper) checkWrapper(path, nimg, await file.wrapper());
  snapshots.push({ sigmaRel, nimg, path, file, source, profile: { gamma, t: nimg } });
  return undefined;
}

/** Rounding of a step that is stored in few bits; float16 knows none beyond 65,504. */
const STEP_ROUNDING = 2 ** -8;

/** @throws {RangeError} when ema-pytorch's own entries say something else than the name. */
function checkWrapper(path: string, nimg: number, { step, initted }: Wrapper): void {
  if (step !== undefined && Number.isFinite(step) && Math.abs(step - nimg) > STEP_ROUNDING * nimg)
    throw new RangeError(
      `openSnapshots: expected step ${nimg} in ${path}, as its name says, got ${step}. It was renamed: give it its name back, or move it away.`,
    );
  if (initted === 0)
    throw new RangeError(
      `openSnapshots: expected an average that has begun in ${path}, got one before its first update. Move it away.`,
    );
}

/** @throws {RangeError} when files of ema-pytorch lie among others: their times count something else. */
async function emaPytorchUpdates(
  snapshots: readonly Snapshot[],
  options: UpdateEveryOptions,
): Promise<{ updateEvery: number; how: string | undefined }> {
  const theirs = snapshots.filter(({ path }) => isEmaPytorch(path));
  if (theirs.length === 0) return { updateEvery: 1, how: undefined };
  const other = snapshots.find(({ path }) => !isEmaPytorch(path));
  if (other)
    throw new RangeError(
      `openSnapshots: expected averages of one tool, got ${other.path} among those of ema-pytorch, whose times count steps. Give one kind at a time.`,
    );
  return findUpdateEvery(snapshots, options);
}

function checkDistinct(snapshots: readonly Snapshot[]): void {
  snapshots.forEach((snapshot, i) => {
    const before = snapshots[i - 1];
    if (before && before.nimg === snapshot.nimg && before.sigmaRel === snapshot.sigmaRel)
      throw new RangeError(
        `openSnapshots: expected one average of each time and length, got nimg = ${snapshot.nimg}, sigmaRel = ${snapshot.sigmaRel} in both ${before.path} and ${snapshot.path}. Move one away.`,
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
