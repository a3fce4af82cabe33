import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { difference, type ResultSettings, readSettings, writeSettings } from '../options/settings-file.js';
import { say } from '../say.js';

/** Beside the results: what decides the scores that they show. */
const SETTINGS_FILE = 'sweep-settings.json';
/** What a sweep draws anew each time. */
const RESULTS = ['sweep.json', 'per-tensor.json'] as const;

/** How {@link claimResultFolder} treats what is there. */
export interface ResultFolderOptions {
  readonly outdir: string;
  readonly settings: ResultSettings;
  /** What this one draws. */
  readonly result: (typeof RESULTS)[number];
  /** Scores of these very settings are in the folder. */
  readonly isKnown: boolean;
  /** Results of other settings may be replaced. */
  readonly overwrite: boolean;
}

/**
 * Makes a folder this sweep's: pictures and tables in it will be of these settings.
 *
 * @throws {UsageError} (rejects) when it holds those of a sweep with others.
 */
export async function claimResultFolder(options: ResultFolderOptions): Promise<void> {
  const { outdir, settings, result, isKnown, overwrite } = options;
  const path = join(outdir, SETTINGS_FILE);
  const stored = await readSettings(path);
  const there = await resultsIn(outdir);
  const others = stored ? difference(stored, settings) : isKnown || there.length === 0 ? '' : 'which, no file tells';
  if (others !== '' && there.length > 0 && !overwrite)
    throw new UsageError(
      `--outdir: expected a new folder, or results of the same settings in ${outdir}, got ${there.join(' and ')} of others (${others}). Choose another folder, or add --overwrite to replace them; scores stay in scores.jsonl.`,
    );
  if (others !== '' || stored === undefined) await writeSettings(path, settings);
  if (there.includes(result)) say(`${join(outdir, result)} is there, and is replaced at the end with its pictures`);
}

async function resultsIn(outdir: string): Promise<string[]> {
  const there = await Promise.all(
    RESULTS.map((name) =>
      access(join(outdir, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return RESULTS.filter((_, i) => there[i]);
}
