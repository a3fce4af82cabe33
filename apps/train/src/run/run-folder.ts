import { access, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';
import { makeFolder, writeFileAtomic } from '@edm2/tensor-files';
import { checkRunConfig, differences, type RunConfig, runConfigSchema } from '../options/run-config.js';

/** Training states kept in the folder: the newest, and the one before it in case the newest turns out to be unreadable. */
const KEPT_STATES = 2;

const kimg = (nimg: number): string => String(Math.floor(nimg / 1000)).padStart(7, '0');

/** Name of the average with length `sigmaRel` at `nimg` images. */
export const snapshotName = (nimg: number, sigmaRel: number): string =>
  `network-snapshot-${kimg(nimg)}-${sigmaRel.toFixed(3)}.safetensors`;

/** Name of the traditional average at `nimg` images. */
export const halfLifeName = (nimg: number): string => `network-snapshot-${kimg(nimg)}-halflife.safetensors`;

/** Name of the training state at `nimg` images. */
export const stateName = (nimg: number): string => `training-state-${kimg(nimg)}.safetensors`;

/** `config.json` of a run folder, or undefined where there is none. */
export async function readRunConfig(outdir: string): Promise<RunConfig | undefined> {
  const path = join(outdir, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return runConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${path}: expected a run configuration, got something else. Choose another --outdir.`, { cause });
  }
}

/**
 * Makes the folder ready for a run: new and empty, or this very run's with `resume`.
 *
 * @throws {UsageError} when the folder holds another run, or this one and `resume` was not asked for, or none and it was; when it cannot be made;
 * when the configuration could not be read again.
 * @throws {Error} of the file system.
 */
export async function prepareRunFolder(outdir: string, config: RunConfig, resume: boolean): Promise<void> {
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
  } else {
    if (resume)
      throw new UsageError(
        `--resume: expected the folder of a run, got ${outdir} without a config.json. Name the run's --outdir, or leave --resume out to begin a new one.`,
      );
    const present = await readdir(outdir).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return [];
      throw unusable(outdir, error);
    });
    if (present.length > 0)
      throw new UsageError(
        `--outdir: expected a new, an empty, or a run's folder, got ${outdir} with ${present[0]} in it. Choose another --outdir.`,
      );
  }
  await makeFolder(join(outdir, 'previews')).catch((error: NodeJS.ErrnoException) => {
    throw unusable(outdir, error);
  });
  await writeFileAtomic(join(outdir, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** A folder that cannot be used, for the user. */
export const unusable = (outdir: string, error: NodeJS.ErrnoException): UsageError =>
  new UsageError(
    `--outdir: expected a folder that can be read or made, got ${outdir} (${error.code}). Choose another --outdir.`,
    { cause: error },
  );

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
