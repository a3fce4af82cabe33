import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { UsageError } from '@edm2/command/errors';
import { isLockFile, makeFolder } from '@edm2/tensor-files';
import { unusable } from '../run/run-folder.js';
import type { Rung } from './result.js';
import type { LadderSettings } from './settings.js';

/** Settings that all rungs of a folder share. What else decides about a training is in its own `config.json`, about a score in its line. */
const SHARED = ['images', 'channels', 'seed', 'classifierSteps'] as const satisfies readonly (keyof LadderSettings)[];

/**
 * Makes the folder a ladder's: new and empty, or with a ladder whose shared settings are the same. Configs, trainings and draws may be
 * others than last time.
 *
 * @throws {UsageError} when it holds something else, or cannot be made.
 */
export async function claimFolder(outdir: string, settings: LadderSettings): Promise<void> {
  await makeFolder(outdir).catch((error: NodeJS.ErrnoException) => {
    throw unusable(outdir, error);
  });
  const path = join(outdir, 'settings.json');
  const [present] = (await readdir(outdir)).filter((name) => !isLockFile(name));
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw unusable(path, error);
    if (present !== undefined)
      throw new UsageError(
        `--outdir: expected a new, an empty, or a ladder's folder, got ${outdir} with ${present} in it and no settings.json. Choose another --outdir.`,
      );
    return undefined;
  });
  if (text !== undefined) {
    const changed = SHARED.flatMap((key) => {
      const stored = parse(path, text)[key];
      return stored === settings[key] ? [] : [`${key} ${JSON.stringify(stored)} there, ${settings[key]} now`];
    });
    if (changed.length > 0)
      throw new UsageError(
        `--outdir: expected a new folder or this very ladder's, got ${outdir} of one with other settings (${changed.join('; ')}). Choose another --outdir.`,
      );
  }
  await writeWhole(path, `${JSON.stringify(settings, null, 2)}\n`);
}

function parse(path: string, text: string): Partial<LadderSettings> {
  try {
    return Object(JSON.parse(text));
  } catch (cause) {
    throw new UsageError(`${path}: expected the settings of a ladder, got something else. Choose another --outdir.`, {
      cause,
    });
  }
}

/** Rungs of the folder's `ladder.json`: what is known before this command has come to them. None where there is none. */
export async function storedRungs(outdir: string): Promise<readonly Rung[]> {
  const text = await readFile(join(outdir, 'ladder.json'), 'utf8').catch(() => '{}');
  try {
    // JSON has no NaN: a spread of one draw.
    const revive = (key: string, value: unknown) => (key === 'std' && value === null ? Number.NaN : value);
    const { rungs } = JSON.parse(text, revive) as { readonly rungs?: unknown };
    return Array.isArray(rungs) ? rungs.filter((rung): rung is Rung => Array.isArray(rung?.trainings)) : [];
  } catch {
    return [];
  }
}
