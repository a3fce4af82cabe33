import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/command/errors';
import { imagePath } from 'edm2/parts';
import { difference, type ResultSettings, readSettings, writeSettings } from '../options/settings-file.js';

/** How {@link openImageFolder} treats what is there. */
export interface ImageFolderOptions {
  readonly outdir: string;
  readonly subdirs: boolean;
  readonly seeds: readonly number[];
  readonly settings: ResultSettings;
  /** Images of other settings may be removed. */
  readonly overwrite: boolean;
}

/** Beside the images: what they were drawn with. */
const SETTINGS_FILE = 'generate.json';

/** Names of images and their sub-folders, as `generate` gives them. */
const IMAGE = /^\d{6,}\.png$/;
const SUB_FOLDER = /^\d{3,}000$/;

/**
 * Gets a folder ready for images: an empty one, or one whose images were drawn with the same settings, which are kept.
 *
 * @returns the seeds whose images are still to be drawn, and how many images were removed.
 * @throws {UsageError} (rejects) when it holds images of other settings, or of settings that nothing tells.
 */
export async function openImageFolder(
  options: ImageFolderOptions,
): Promise<{ readonly missing: readonly number[]; readonly removed: number }> {
  const { outdir, subdirs, seeds, settings, overwrite } = options;
  const there = await imagesIn(outdir);
  const file = join(outdir, SETTINGS_FILE);
  const stored = await readSettings(file);
  const others = stored === undefined ? '' : difference(stored, settings);
  const wanted = new Map(seeds.map((seed) => [imagePath(outdir, seed, subdirs), seed]));
  const unknown = stored === undefined && there.some((path) => wanted.has(path));
  if ((others !== '' || unknown) && !overwrite) {
    const got =
      others === '' ? `images of these seeds, of which no ${SETTINGS_FILE} tells the settings` : `others (${others})`;
    throw new UsageError(
      `--outdir: expected a new folder, or images of the same settings in ${outdir}, got ${got}. Choose another folder, or add --overwrite to remove its images and draw anew.`,
    );
  }
  const replace = others !== '' || unknown;
  if (replace) for (const path of there) await rm(path);
  if (stored === undefined || replace) await writeSettings(file, settings);
  const kept = new Set(replace ? [] : there);
  return {
    missing: [...wanted].flatMap(([path, seed]) => (kept.has(path) ? [] : [seed])),
    removed: replace ? there.length : 0,
  };
}

/** Images that `generate` made, or might have made. */
async function imagesIn(outdir: string): Promise<string[]> {
  const list = (folder: string) =>
    readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  const found: string[] = [];
  for (const entry of await list(outdir)) {
    if (entry.isFile() && IMAGE.test(entry.name)) found.push(join(outdir, entry.name));
    if (!entry.isDirectory() || !SUB_FOLDER.test(entry.name)) continue;
    for (const each of await list(join(outdir, entry.name)))
      if (each.isFile() && IMAGE.test(each.name)) found.push(join(outdir, entry.name, each.name));
  }
  return found;
}
