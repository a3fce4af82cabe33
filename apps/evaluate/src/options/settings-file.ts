import { readFile } from 'node:fs/promises';
import { writeWhole } from '@edm2/app-kit/pictures/write-whole';
import { UsageError } from '@edm2/command/errors';

/** Everything that decides the results of a folder. */
export type ResultSettings = Readonly<Record<string, unknown>>;

/**
 * What the results of a folder were made with, as a file in it says.
 *
 * @returns undefined when there is no such file.
 * @throws {UsageError} (rejects) when the file is none of ours.
 */
export async function readSettings(path: string): Promise<ResultSettings | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    const stored: unknown = JSON.parse(text);
    if (typeof stored === 'object' && stored !== null && !Array.isArray(stored)) return stored as ResultSettings;
  } catch {
    // Said below.
  }
  throw new UsageError(
    `--outdir: expected settings in ${path}, got ${JSON.stringify(text.slice(0, 40))}. Choose another folder, or move that file away.`,
  );
}

/** Notes what the results are made with. */
export const writeSettings = (path: string, settings: ResultSettings): Promise<void> =>
  writeWhole(path, `${JSON.stringify(settings, jsonNumber, 2)}\n`);

/** JSON has no infinity. */
const jsonNumber = (_: string, value: unknown): unknown => (value === Number.POSITIVE_INFINITY ? 'inf' : value);

/** What differs, in words: `steps 32 there, 16 here; …`; empty when nothing does. */
export function difference(stored: ResultSettings, settings: ResultSettings): string {
  const given = JSON.parse(JSON.stringify(settings, jsonNumber)) as ResultSettings;
  return Object.keys({ ...stored, ...given })
    .filter((key) => JSON.stringify(stored[key]) !== JSON.stringify(given[key]))
    .map((key) => `${optionName(key)} ${show(stored[key])} there, ${show(given[key])} here`)
    .join('; ');
}

/** `sigmaMin` as it is typed: `sigma-min`. */
const optionName = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function show(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(show).join(',');
  return Object.entries(value)
    .map(([key, each]) => `${optionName(key)} ${show(each)}`)
    .join(' ');
}
