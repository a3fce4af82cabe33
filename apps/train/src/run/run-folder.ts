import { access, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { aloneIn } from '@edm2/app-kit/files/alone';
import { UsageError } from '@edm2/command/errors';
import {
  explainFileError,
  fileErrorCode,
  isLockFile,
  makeFolder,
  readSafetensors,
  removeLeftovers,
  type SnapshotNameOptions,
  snapshotName,
  snapshotTime,
  writeFileAtomic,
} from '@edm2/tensor-files';
import { differences } from '../options/on-resume.js';
import { checkRunConfig, type RunConfig, runConfigSchema } from '../options/run-config.js';

/** Training states kept in the folder: the newest, and the one before it in case the newest turns out to be unreadable. */
const KEPT_STATES = 2;

/** What a run's snapshots are of: an average of a length, or the traditional one. */
export type AverageName = number | 'halflife';

const averageName = (nimg: number, average: AverageName, options: SnapshotNameOptions): string =>
  average === 'halflife'
    ? `network-snapshot-${snapshotTime(nimg, options)}-halflife.safetensors`
    : snapshotName('network-snapshot', { nimg, sigmaRel: average }, options);

/**
 * Where the average of `nimg` images is, or is to be: under its whole thousands of images, as EDM2 names it, unless the average of another
 * time in the same thousand is there.
 */
export async function averagePath(outdir: string, nimg: number, average: AverageName): Promise<string> {
  const path = join(outdir, averageName(nimg, average, { time: 'thousands' }));
  const stored = await readSafetensors(path).catch(() => undefined);
  await stored?.close();
  const other = stored?.metadata['nimg'];
  return other === undefined || other === String(nimg)
    ? path
    : join(outdir, averageName(nimg, average, { time: 'images' }));
}

/** Name of the training state at `nimg` images. */
export const stateName = (nimg: number): string =>
  `training-state-${snapshotTime(nimg, { time: 'thousands' })}.safetensors`;

/**
 * Does work in a run's folder while no other process writes to it. What killed processes have left half-written is removed first.
 *
 * @throws {LockedError} (rejects) when another process does.
 * @throws {UsageError} (rejects) when the folder cannot be made or written to.
 */
export async function inRunFolder<T>(outdir: string, work: () => Promise<T>): Promise<T> {
  let entered = false;
  try {
    return await aloneIn(outdir, 'train', async () => {
      entered = true;
      for (const folder of [outdir, join(outdir, 'previews'), join(outdir, 'ema')]) await removeLeftovers(folder);
      return work();
    });
  } catch (error) {
    throw entered || fileErrorCode(error) === undefined ? error : unusable(outdir, error);
  }
}

/** `config.json` of a run folder, or undefined where there is none. */
export async function readRunConfig(outdir: string): Promise<RunConfig | undefined> {
  const path = join(outdir, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOENT') return undefined;
    throw unusable(code === 'ENOTDIR' ? outdir : path, error);
  }
  try {
    return runConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path}: expected a run configuration, got something else. Choose another --outdir.`, { cause });
  }
}

/**
 * Sees that a folder can become or is this run's; changes nothing.
 *
 * @throws {UsageError} when the folder holds another run, or this one and `resume` was not asked for, or none and it was; when the configuration
 * could not be read again.
 */
export async function checkRunFolder(outdir: string, config: RunConfig, resume: boolean): Promise<void> {
  checkRunConfig(config);
  const stored = await readRunConfig(outdir);
  if (stored) {
    const changed = differences(stored, config);
    if (changed.length > 0)
      throw new UsageError(
        `--outdir: expected a folder of this run, got ${outdir} of a run with other settings (${changed.join('; ')}). Choose another --outdir, or the settings in its config.json.`,
      );
    if (!resume)
      throw new UsageError(
        `--outdir: expected an empty folder, got ${outdir} with a run in it. Add --resume to continue it, or choose another --outdir.`,
      );
    return;
  }
  if (resume) throw noRun(outdir);
  const present = await readdir(outdir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw unusable(outdir, error);
  });
  const [other] = present.filter((name) => !isLockFile(name));
  if (other !== undefined)
    throw new UsageError(
      `--outdir: expected a new, an empty, or a run's folder, got ${outdir} with ${other} in it. Choose another --outdir.`,
    );
}

/** There is nothing to resume. */
export const noRun = (outdir: string): UsageError =>
  new UsageError(
    `--resume: expected the folder of a run, got ${outdir} without a config.json. Name the run's --outdir, or leave --resume out to begin a new one.`,
  );

/**
 * Makes the folder ready for a run: new and empty, or this very run's with `resume`.
 *
 * @throws {UsageError} as {@link checkRunFolder}, and when it cannot be made.
 * @throws {Error} of the file system.
 */
export async function prepareRunFolder(outdir: string, config: RunConfig, resume: boolean): Promise<void> {
  await checkRunFolder(outdir, config, resume);
  await makeFolder(outdir).catch((error: unknown) => {
    throw unusable(outdir, error);
  });
  // First of all: a folder without it is no run's, and would be in the way of the next attempt.
  await writeFileAtomic(join(outdir, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  await makeFolder(join(outdir, 'previews'));
}

/** A folder that cannot be used, for the user. */
export function unusable(outdir: string, error: unknown): UsageError {
  const code = fileErrorCode(error);
  const text =
    code === 'ENOENT' || code === undefined
      ? `--outdir: expected a folder that can be made, got ${outdir} (${code ?? error}). Choose another --outdir.`
      : (explainFileError(systemError(error), { fn: '--outdir', path: outdir }) as Error).message;
  return new UsageError(text, { cause: error });
}

/** Of an error that was explained, the one below it. */
const systemError = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? systemError(error.cause) : error;

/** Training states of the folder, newest first. */
export async function listStates(outdir: string): Promise<string[]> {
  const names = await readdir(outdir).catch((): string[] => []);
  return names
    .filter((name) => /^training-state-\d+\.safetensors$/.test(name))
    .sort()
    .reverse()
    .map((name) => join(outdir, name));
}

/** Removes all but the newest training states. */
export async function pruneStates(outdir: string): Promise<void> {
  for (const path of (await listStates(outdir)).slice(KEPT_STATES)) await rm(path, { force: true });
}

/** Whether a file is there. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Previews of a run in the order of training. */
export async function listPreviews(outdir: string): Promise<{ nimg: number; path: string }[]> {
  const names = await readdir(join(outdir, 'previews')).catch((): string[] => []);
  return names
    .filter((name) => /^\d+\.png$/.test(name))
    .sort()
    .map((name) => ({ nimg: 1000 * Number.parseInt(name, 10), path: join(outdir, 'previews', name) }));
}
