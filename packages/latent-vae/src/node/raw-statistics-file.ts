import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { removeLeftovers, writeFileAtomic } from '@edm2/tensor-files';
import type { MeasuredStatistics } from '../measure-raw-statistics.js';

/** The name in a folder of data, and the ending beside a zip. */
const NAME = 'raw-statistics.json';

/** Where the statistics of a dataset lie: in a folder, or beside a zip (`latents.zip` → `latents.raw-statistics.json`). */
const placeOf = (data: string): string =>
  extname(data) === '.zip' ? `${data.slice(0, -'.zip'.length)}.${NAME}` : join(data, NAME);

/**
 * Keeps measured statistics beside their data, as JSON. The file appears under its name only when it is whole.
 *
 * @param data - folder or `.zip` of encoded latents.
 * @returns the file's path.
 * @throws {Error} of the file system.
 */
export async function saveRawStatistics(data: string, statistics: MeasuredStatistics): Promise<string> {
  const path = placeOf(data);
  await removeLeftovers(dirname(path), basename(path));
  await writeFileAtomic(path, `${JSON.stringify(statistics, null, 2)}\n`);
  return path;
}

/**
 * Reads what {@link saveRawStatistics} kept.
 *
 * @param data - the same folder or `.zip`.
 * @throws {RangeError} when the file is not of that form.
 * @throws {Error} of the file system, when there is none.
 */
export async function loadRawStatistics(data: string): Promise<MeasuredStatistics> {
  const path = placeOf(data);
  const text = await readFile(path, 'utf8');
  try {
    const read = JSON.parse(text) as MeasuredStatistics;
    const lists = [read.rawMean, read.rawStd, read.meanOnlyStd, read.noiseShare];
    const channels = read.rawMean.length;
    const whole = lists.every((list) => list.length === channels && list.every(Number.isFinite));
    if (whole && channels > 0 && Number.isInteger(read.pixels)) return read;
  } catch {
    // Said below.
  }
  throw new RangeError(
    `loadRawStatistics: expected ${path} to hold measured statistics, got ${JSON.stringify(text.slice(0, 60))}. Measure them again, or remove the file.`,
  );
}
