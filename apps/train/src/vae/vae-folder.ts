import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { fileErrorCode, isLockFile, makeFolder, writeFileAtomic } from '@edm2/tensor-files';
import type { TrainState } from '@edm2/training';
import { loadState, saveState } from '@edm2/training/node';
import { listStates, pruneStates, statePath, unusable } from '../run/run-folder.js';
import { FIXED, type VaeConfig, vaeConfigSchema } from './vae-config.js';

/** What a training keeps of where it is, beside its tensors. */
export interface VaePosition {
  readonly nimg: number;
  /** Of the steps since the last line of the log. */
  readonly sums: Readonly<Record<string, number>>;
  readonly count: number;
}

const settingsPath = (outdir: string): string => join(outdir, 'run.json');

/** Training states; in a folder of their own, so that the whole folder can be named as an autoencoder. */
export const statesFolder = (outdir: string): string => join(outdir, 'states');

/** The diffusers folder. */
export const autoencoderFolder = (outdir: string): string => join(outdir, 'vae');

/** `run.json` of a folder; undefined where there is none. */
export async function readVaeConfig(outdir: string): Promise<VaeConfig | undefined> {
  const path = settingsPath(outdir);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === 'ENOENT') return undefined;
    throw unusable(code === 'ENOTDIR' ? outdir : path, error);
  }
  try {
    return vaeConfigSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `${path}: expected the settings of an autoencoder's training, got something else. Choose another --outdir.`,
      { cause },
    );
  }
}

/** @throws {UsageError} (rejects) when a new training cannot begin in a folder. */
export async function expectFree(outdir: string): Promise<void> {
  const present = await readdir(outdir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw unusable(outdir, error);
  });
  const [other] = present.filter((name) => !isLockFile(name));
  if (present.includes('run.json'))
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
  await writeFileAtomic(settingsPath(outdir), `${JSON.stringify(config, null, 2)}\n`);
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
export async function readVaeState(
  outdir: string,
  say: (text: string) => void,
): Promise<{ state: TrainState; position: VaePosition } | undefined> {
  const paths = await listStates(statesFolder(outdir));
  let cause: unknown;
  for (const path of paths) {
    try {
      const { state, metadata } = await loadState(path);
      return { state, position: JSON.parse(metadata['position'] ?? '') };
    } catch (error) {
      cause = error;
      say(`${path} cannot be read (${error instanceof Error ? error.message : error})`);
    }
  }
  if (paths.length === 0) return undefined;
  throw new Error(
    `--resume: expected a training state that can be read, got ${paths.length} in ${statesFolder(outdir)} that cannot. Copy one back, or train anew in another --outdir.`,
    { cause },
  );
}
