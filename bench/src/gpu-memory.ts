import { spawnSync } from 'node:child_process';

/** Asks the driver; undefined where there is none. */
function query(what: string, more: readonly string[] = []): string | undefined {
  const { status, stdout } = spawnSync(
    'nvidia-smi',
    [`--query-gpu=${what}`, '--format=csv,noheader,nounits', ...more],
    {
      encoding: 'utf8',
    },
  );
  return status === 0 ? stdout : undefined;
}

/** Each GPU with its driver, for the line that says what a figure depends on. */
export const describeGpus = (): string[] => parseLines(query('name,driver_version')).map((line) => `${line} (driver)`);

/**
 * Memory in use on a GPU, by all processes, in MiB.
 *
 * @throws {Error} when the driver does not answer.
 */
export function usedGpuMemory(index: number): number {
  const [used] = parseLines(query('memory.used', ['-i', String(index)]));
  if (used === undefined || !Number.isFinite(Number(used)))
    throw new Error(`usedGpuMemory: expected nvidia-smi to say, got ${used ?? 'no answer'}. Check the driver.`);
  return Number(used);
}

/** The lines of an answer without what surrounds them. */
export const parseLines = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
