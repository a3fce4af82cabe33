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
import type { AverageKey } from './run-averages.js';

/** Training states kept in the folder: the newest, and the one before it in case the newest turns out to be unreadable. */
const KEPT_STATES = 2;

const averageName = (nimg: number, average: AverageKey, options: SnapshotNameOptions): string =>
  typeof average === 'number'
    ? snapshotName('network-snapshot', { nimg, sigmaRel: average }, options)
    : `network-snapshot-${snapshotTime(nimg, options)}-${average}.safetensors`;

/**
 * Where the average of `nimg` images is, or is to be: under its whole thousands of images, as EDM2 names it, unless the average of another
 * time in the same thousand is there.
 */
export async function averagePath(outdir: string, nimg: number, average: AverageKey): Promise<string> {
  const path = join(outdir, averageName(nimg, average, { time: 'thousands' }));
  const stored = await readSafetensors(path).catch(() => undefined);
  await stored?.close();
  const other = stored?.metadata['nimg'];
  return other === undefined || other === String(nimg)
    ? path
    : join(outdir, averageName(nimg, average, { time: 'images' }));
}

const STATE = /^training-state-(\d+)(?:\.(\d{3}))?\.safetensors$/;

/** A training state in a folder. */
interface StoredState {
  readonly path: string;
  /** Of its name: whole thousands of images. */
  readonly thousands: number;
  /** Images beyond them, where the name has them. */
  readonly rest: number | undefined;
}

const stateName = (nimg: number, options: SnapshotNameOptions): string =>
  `training-state-${snapshotTime(nimg, options)}.safetensors`;

/**
 * Where the training state at `nimg` images is to be: under its whole thousands, as EDM2 names it, unless the state of another time in the
 * same thousand is there.
 */
export async function statePath(outdir: string, nimg: number): Promise<string> {
  const others = (await storedStates(outdir)).filter(({ thousands }) => thousands === Math.floor(nimg / 1000));
  const short = join(outdir, stateName(nimg, { time: 'thousands' }));
  if (others.length === 0) return short;
  const same = others.some(({ path }) => path === short) && (await stateTime(short)) !== 'another';
  return same ? short : join(outdir, stateName(nimg, { time: 'images' }));

  /** One that cannot be read is no loss. */
  async function stateTime(path: string): Promise<'same' | 'unreadable' | 'another'> {
    const file = await readSafetensors(path).catch(() => undefined);
    await file?.close();
    const stored = positionIn(file?.metadata['position']);
    if (stored === undefined) return 'unreadable';
    return stored === nimg ? 'same' : 'another';
  }
}

/** Images seen, of the position that a training state's metadata has. */
function positionIn(text = ''): number | undefined {
  try {
    return JSON.parse(text).nimg;
  } catch {
    return undefined;
  }
}

async function storedStates(outdir: string): Promise<StoredState[]> {
  const names = await readdir(outdir).catch((): string[] => []);
  return names.flatMap((name) => {
    const [, thousands, rest] = STATE.exec(name) ?? [];
    if (thousands === undefined) return [];
    return {
      path: join(outdir, name),
      thousands: Number(thousands),
      rest: rest === undefined ? undefined : Number(rest),
    };
  });
}

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
export const readRunConfig = (outdir: string): Promise<RunConfig | undefined> =>
  readSettings(outdir, { file: 'config.json', what: 'a run configuration', parse: runConfigSchema.parse });

/** What {@link readSettings} reads. */
export interface SettingsFile<T> {
  readonly file: string;
  /** What it holds, for errors. */
  readonly what: string;
  readonly parse: (value: unknown) => T;
}

/** Settings in a folder, or undefined where there are none. @throws {UsageError} (rejects) when the folder cannot be read. */
export async function readSettings<T>(outdir: string, { file, what, parse }: SettingsFile<T>): Promise<T | undefined> {
  const path = join(outdir, file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOENT') return undefined;
    throw unusable(code === 'ENOTDIR' ? outdir : path, error);
  }
  try {
    return parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path}: expected ${what}, got something else. Choose another --outdir.`, { cause });
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
  const [other] = present.filter((name) => !isLockFile(name) && name !== CACHE);
  if (other !== undefined)
    throw new UsageError(
      `--outdir: expected a new, an empty, or a run's folder, got ${outdir} with ${other} in it. Choose another --outdir.`,
    );
}

/** There is nothing to resume. */
export const noRun = (outdir: string, settings = 'config.json'): UsageError =>
  new UsageError(
    `--resume: expected the folder of a run, got ${outdir} without a ${settings}. Name the run's --outdir, or leave --resume out to begin a new one.`,
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

/** Training states of the folder, newest first. Of a thousand images, the one without the rest in its name is the first. */
export async function listStates(outdir: string): Promise<string[]> {
  const states = await storedStates(outdir);
  return states.sort((a, b) => b.thousands - a.thousands || (b.rest ?? -1) - (a.rest ?? -1)).map(({ path }) => path);
}

/** Removes all but the newest training states. */
export async function pruneStates(outdir: string): Promise<void> {
  for (const path of (await listStates(outdir)).slice(KEPT_STATES)) await rm(path, { force: true });
}

/** Folder in a run's folder for images that were made of the data: it is there before the run. */
export const CACHE = 'cache';

/** Whether a file is there. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Where the preview at `nimg` images is to be: under whole thousands where they stand for this time alone, else under all of it. A preview
 * does not say when it was drawn, so that its name alone must tell it.
 */
export const previewPath = (outdir: string, nimg: number): string =>
  join(outdir, 'previews', `${snapshotTime(nimg)}.png`);

/** Previews of a run in the order of training. */
export async function listPreviews(outdir: string): Promise<{ nimg: number; path: string }[]> {
  const names = await readdir(join(outdir, 'previews')).catch((): string[] => []);
  return names
    .flatMap((name) => {
      const [, thousands, rest = ''] = /^(\d+)(?:\.(\d{3}))?\.png$/.exec(name) ?? [];
      return thousands === undefined
        ? []
        : { nimg: 1000 * Number(thousands) + Number(rest), path: join(outdir, 'previews', name) };
    })
    .sort((a, b) => a.nimg - b.nimg);
}
