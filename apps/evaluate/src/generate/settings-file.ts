import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@edm2/app-kit/command/errors';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';

/** Beside the images: what they were drawn with. */
export const SETTINGS_FILE = 'generate.json';

/** Everything that decides what a seed's image is. */
export type ImageSettings = Readonly<Record<string, unknown>>;

/**
 * Notes in the folder what its images are drawn with.
 *
 * @param keep - images are there to be kept: they must have been drawn with the same.
 * @throws {UsageError} when they were not.
 */
export async function writeSettings(outdir: string, settings: ImageSettings, keep: boolean): Promise<void> {
  const path = join(outdir, SETTINGS_FILE);
  const text = `${JSON.stringify(settings, jsonNumber, 2)}\n`;
  const stored = await readFile(path, 'utf8').catch(() => undefined);
  if (keep && stored !== undefined && stored !== text)
    throw new UsageError(
      `--skip-existing: expected images of the same settings in ${outdir}, got others (${difference(stored, settings)}). Choose another --outdir, or leave --skip-existing out to draw them again.`,
    );
  if (stored !== text) await writeWhole(path, text);
}

/** JSON has no infinity. */
const jsonNumber = (_: string, value: unknown): unknown => (value === Number.POSITIVE_INFINITY ? 'inf' : value);

function difference(text: string, settings: ImageSettings): string {
  let stored: ImageSettings;
  try {
    stored = JSON.parse(text) as ImageSettings;
  } catch {
    return `${SETTINGS_FILE} cannot be read`;
  }
  const given = JSON.parse(JSON.stringify(settings, jsonNumber)) as ImageSettings;
  return Object.keys({ ...stored, ...given })
    .filter((key) => JSON.stringify(stored[key]) !== JSON.stringify(given[key]))
    .map((key) => `${key} ${JSON.stringify(stored[key])} there, ${JSON.stringify(given[key])} here`)
    .join('; ');
}
