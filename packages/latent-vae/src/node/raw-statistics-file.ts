import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { known } from '@edm2/options';
import { removeLeftovers, writeFileAtomic } from '@edm2/tensor-files';
import type { MeasuredStatistics } from '../measure-raw-statistics.js';

/** The name in a folder of data, and the ending beside a zip. */
const NAME = 'raw-statistics.json';

/** Digits of a hash that an error shows. */
const SHOWN = 12;

/** Whose statistics these are. */
export interface StatisticsOwner {
  /** Name of the autoencoder, as `latentMetadata` has it. */
  readonly vae?: string | undefined;
  /** SHA-256 (hex) of its weights, `hashAutoencoder`'s. */
  readonly sha256?: string | undefined;
}

/** Where the statistics lie: in a folder of latents or of an autoencoder, or beside a zip (`latents.zip` → `latents.raw-statistics.json`). */
const placeOf = (data: string): string =>
  extname(data) === '.zip' ? `${data.slice(0, -'.zip'.length)}.${NAME}` : join(data, NAME);

/**
 * Keeps measured statistics beside their data, or beside the autoencoder that they are of, as JSON. The file appears under its name only when
 * it is whole.
 *
 * @param data - folder or `.zip` of encoded latents, or an autoencoder's folder.
 * @param owner - the autoencoder that made the latents: whoever reads the statistics can ask for those of it.
 * @returns the file's path.
 * @throws {Error} (rejects) of the file system.
 */
export async function saveRawStatistics(
  data: string,
  statistics: MeasuredStatistics,
  owner: StatisticsOwner = {},
): Promise<string> {
  const { vae, sha256 } = known('saveRawStatistics', owner, { vae: true, sha256: true });
  const path = placeOf(data);
  await removeLeftovers(dirname(path), basename(path));
  const about = { ...statistics, ...(vae === undefined ? {} : { vae }), ...(sha256 === undefined ? {} : { sha256 }) };
  await writeFileAtomic(path, `${JSON.stringify(about, null, 2)}\n`);
  return path;
}

/**
 * Reads what {@link saveRawStatistics} kept.
 *
 * @param data - the same folder or `.zip`.
 * @param owner - with `sha256`, the autoencoder that the statistics must be of, where the file says whose they are.
 * @throws {RangeError} (rejects) when the file is not of that form, or its statistics are another autoencoder's.
 * @throws {Error} (rejects) of the file system, when there is none.
 */
export async function loadRawStatistics(data: string, owner: StatisticsOwner = {}): Promise<MeasuredStatistics> {
  const wanted = known('loadRawStatistics', owner, { vae: true, sha256: true });
  const path = placeOf(data);
  const { vae, sha256, ...statistics } = parse(path, await readFile(path, 'utf8'));
  if (wanted.sha256 !== undefined && sha256 !== undefined && wanted.sha256 !== sha256)
    throw new RangeError(
      `loadRawStatistics: expected ${path} to hold statistics of ${nameOf(wanted)}, got those of ${nameOf({ vae, sha256 })}. Measure them over latents of this very autoencoder.`,
    );
  return statistics;
}

const nameOf = ({ vae = 'the autoencoder', sha256 = '' }: StatisticsOwner): string =>
  `${vae} (SHA-256 of its weights ${sha256.slice(0, SHOWN)}…)`;

function parse(path: string, text: string): MeasuredStatistics & StatisticsOwner {
  try {
    const read = JSON.parse(text) as MeasuredStatistics & StatisticsOwner;
    const lists = [read.rawMean, read.rawStd, read.meanOnlyStd, read.noiseShare];
    const channels = read.rawMean.length;
    const whole = lists.every((list) => list.length === channels && list.every(Number.isFinite));
    const named = [read.vae, read.sha256].every((each) => each === undefined || typeof each === 'string');
    if (whole && named && channels > 0 && Number.isInteger(read.pixels)) return read;
  } catch {
    // Said below.
  }
  throw new RangeError(
    `loadRawStatistics: expected ${path} to hold measured statistics, got ${JSON.stringify(text.slice(0, 60))}. Measure them again, or remove the file.`,
  );
}
