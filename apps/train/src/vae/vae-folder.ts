import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { isLockFile, makeFolder, writeFileAtomic } from '@edm2/tensor-files';
import type { TrainState } from '@edm2/training';
import { saveState } from '@edm2/training/node';
import { CACHE, pruneStates, readSettings, statePath, unusable } from '../run/run-folder.js';
import { readNewestState } from '../run/stored-run.js';
import { FIXED, type VaeConfig, vaeConfigSchema } from './vae-config.js';

/** What a training keeps of where it is, beside its tensors. */
export interface VaePosition {
  readonly nimg: number;
  /** Of the steps since the last line of the log. */
  readonly sums: Readonly<Record<string, number>>;
  readonly count: number;
}

const SETTINGS = 'run.json';

/** Training states; in a folder of their own, so that the whole folder can be named as an autoencoder. */
const statesFolder = (outdir: string): string => join(outdir, 'states');

/** The diffusers folder. */
export const autoencoderFolder = (outdir: string): string => join(outdir, 'vae');

/** `run.json` of a folder; undefined where there is none. */
export const readVaeConfig = (outdir: string): Promise<VaeConfig | undefined> =>
  readSettings(outdir, {
    file: SETTINGS,
    what: "the settings of an autoencoder's training",
    parse: vaeConfigSchema.parse,
  });

/** @throws {UsageError} (rejects) when a new training cannot begin in a folder. */
export async function expectFree(outdir: string): Promise<void> {
  const present = await readdir(outdir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw unusable(outdir, error);
  });
  const [other] = present.filter((name) => !isLockFile(name) && name !== CACHE);
  if (present.includes(SETTINGS))
    throw new UsageError(
      `--outdir: expected an empty folder, got ${outdir} with a training in it. Add --resume to continue it, or choose another --outdir.`,
    );
  if (other !== undefined)
    throw new UsageError(
      `--outdir: expected a new or an empty folder, got ${outdir} with ${other} in it. Choose another --outdir.`,
    );
}

/** Makes the folder a training's: its settings first, without which it is none. */
export async function prepareVaeFolder(outdir: string, config: VaeConfig): Promise<void> {
  await makeFolder(outdir).catch((error: unknown) => {
    throw unusable(outdir, error);
  });
  await writeFileAtomic(join(outdir, SETTINGS), `${JSON.stringify(config, null, 2)}\n`);
  for (const folder of [statesFolder(outdir), join(outdir, 'previews')]) await makeFolder(folder);
}

/** What a continuation's settings and those that it was begun with disagree about. */
export const changes = (stored: VaeConfig, given: Partial<VaeConfig>): string[] =>
  FIXED.filter((key) => given[key] !== undefined && JSON.stringify(given[key]) !== JSON.stringify(stored[key])).map(
    (key) => `${key} ${stored[key]} then, ${given[key]} now`,
  );

/** Writes all that resuming needs; the newest two are kept. @returns the file's path. */
export async function writeVaeState(outdir: string, state: TrainState, position: VaePosition): Promise<string> {
  const path = await statePath(statesFolder(outdir), position.nimg);
  await saveState(path, state, { position: JSON.stringify(position) });
  await pruneStates(statesFolder(outdir));
  return path;
}

/** The newest state that can be read; undefined when there is none yet. @throws {Error} (rejects) when there are some and none can be read. */
export const readVaeState = (outdir: string, say: (text: string) => void) =>
  readNewestState<VaePosition>(statesFolder(outdir), {}, say);
