import { readFile } from 'node:fs/promises';
import { NUMPY_GLOBALS, PickledArray, type PickleValue, readPickle } from '@edm2/tensor-files';
import { METRIC_NAMES, type MetricName, type StatisticsFile, type StoredGaussian, toGaussian } from './to-gaussian.js';

/**
 * Reads the reference statistics that NVIDIA's tools write: a dictionary with `num_images`, and `mu` and `sigma` by metric. Only arrays
 * and numbers are let in; nothing in the file is executed.
 *
 * @throws {RangeError} (rejects) when it holds something else.
 * @throws {PickleParseError} (rejects) when it is damaged or asks for other names.
 */
export async function readPickledStatistics(path: string): Promise<StatisticsFile> {
  const value = readPickle(await readFile(path), { allow: NUMPY_GLOBALS, file: path });
  const sets: Partial<Record<MetricName, StoredGaussian>> = {};
  for (const name of METRIC_NAMES) {
    const set = under(value, name);
    if (set !== undefined) sets[name] = toGaussian(path, name, arrayOf(under(set, 'mu')), arrayOf(under(set, 'sigma')));
  }
  if (Object.keys(sets).length === 0) {
    throw new RangeError(
      `readStatistics: expected a dictionary with ${METRIC_NAMES.join(' or ')} in ${path}, got none. Is it a file of statistics?`,
    );
  }
  const count =
    under(value, 'num_images') ?? METRIC_NAMES.map((name) => under(under(value, name), 'num_images')).find(Boolean);
  return { n: typeof count === 'number' || typeof count === 'bigint' ? Number(count) : undefined, ...sets };
}

const under = (value: PickleValue | undefined, key: string): PickleValue | undefined =>
  value instanceof Map ? value.get(key) : undefined;

const arrayOf = (value: PickleValue | undefined): PickledArray | undefined =>
  value instanceof PickledArray ? value : undefined;
