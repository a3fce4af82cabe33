import { appendFile, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainFileError, makeFolder } from '@edm2/tensor-files';

/** How values are written that JSON lacks. */
export interface JsonLinesOptions {
  readonly replacer?: (key: string, value: unknown) => unknown;
  readonly reviver?: (key: string, value: unknown) => unknown;
  /** What a line holds, such as `a score`: then one that does not parse is an error, but for a last one that was cut off. Else it is left out. */
  readonly expected?: string;
  /** Who asks, for messages. */
  readonly fn: string;
}

/** A file of JSON values, a line each, that grows. */
export interface JsonLines<T> {
  /** In the order of the file; those that were added too. */
  readonly values: readonly T[];
  /** @throws {Error} (rejects) of the file system, explained. */
  add(value: T): Promise<void>;
}

/**
 * Opens or begins a file of JSON lines. A last line that is cut off goes: the process ended while writing it.
 *
 * @throws {Error} (rejects) when another line does not parse and `expected` says that it must, or of the file system.
 */
export async function openJsonLines<T>(path: string, options: JsonLinesOptions): Promise<JsonLines<T>> {
  const { replacer, reviver, expected, fn } = options;
  const parse = (line: string): T | undefined => parseLine<T>(line, reviver);
  const text = await readFile(path, 'utf8').catch(() => '');
  const end = text.lastIndexOf('\n') + 1;
  const tail = text.slice(end);
  const values = text
    .slice(0, end)
    .split('\n')
    .flatMap((line, i): T[] => {
      if (line === '') return [];
      const value = parse(line);
      if (value === undefined && expected !== undefined)
        throw new Error(`${path}: expected ${expected} in line ${i + 1}, got ${line.slice(0, 80)}. Remove that line.`);
      return value === undefined ? [] : [value];
    });
  const explained = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw explainFileError(error, { fn, path });
    }
  };
  const last = tail === '' ? undefined : parse(tail);
  if (last !== undefined) values.push(last);
  if (tail !== '')
    await explained(() =>
      last === undefined ? truncate(path, Buffer.byteLength(text.slice(0, end))) : appendFile(path, '\n'),
    );
  return {
    values,
    async add(value) {
      await explained(async () => {
        await makeFolder(dirname(path));
        await appendFile(path, `${JSON.stringify(value, replacer)}\n`);
      });
      values.push(value);
    },
  };
}

/** The values of a log of JSON lines. Lines that do not parse are left out: the last one may have been cut off. */
export const parseJsonLines = <T>(text: string): T[] =>
  text.split('\n').flatMap((line): T[] => {
    const value = line === '' ? undefined : parseLine<T>(line);
    return value === undefined ? [] : [value];
  });

function parseLine<T>(line: string, reviver?: (key: string, value: unknown) => unknown): T | undefined {
  try {
    return JSON.parse(line, reviver) as T;
  } catch {
    return undefined;
  }
}
