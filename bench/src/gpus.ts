import { spawnSync } from 'node:child_process';

/** Asks the driver; undefined where there is none. */
function query(what: string): string | undefined {
  const { status, stdout } = spawnSync('nvidia-smi', [`--query-gpu=${what}`, '--format=csv,noheader,nounits'], {
    encoding: 'utf8',
  });
  return status === 0 ? stdout : undefined;
}

/** Each GPU with its driver, for the line that says what a figure depends on. */
export const describeGpus = (): string[] => parseLines(query('name,driver_version')).map((line) => `${line} (driver)`);

/** The lines of an answer without what surrounds them. */
export const parseLines = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
