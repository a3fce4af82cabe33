import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Executables of earlier processes, by everything that they were compiled from. */
export interface ExecutableCache {
  /** @returns undefined when there is none, or none that is whole. */
  load(key: string): Uint8Array | undefined;
  store(key: string, bytes: Uint8Array): void;
  /** A file could be read and not be loaded: it goes. */
  refuse(key: string, reason: string): void;
}

/** Bytes that are kept; the executables that were used longest ago go first. */
const MAX_BYTES = 1 << 30;
/** Files written between two looks at the folder's size. */
const LOOK_EVERY = 64;

const MAGIC = Buffer.from('tfjs-xla executable 1\n');
const ENDING = '.xla';
const hashOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** A key of parts, none of which may be mistaken for two others. */
export const keyOf = (parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
};

/**
 * A folder of executables. What cannot be read or written is compiled as if there were no folder, and `warn` hears why.
 *
 * Files are renamed into place and carry their hash: several processes may use one folder, and one that was cut short is known.
 */
export function openCache(folder: string, warn: (message: string) => void, maxBytes = MAX_BYTES): ExecutableCache {
  let told = false;
  let written = 0;
  const tell = (message: string): void => {
    if (!told) warn(message);
    told = true;
  };
  const fileOf = (key: string): string => join(folder, `${key}${ENDING}`);
  const refuse = (key: string, reason: string): void => {
    // Each by its name: another process may have to do with it.
    warn(`xla: ${fileOf(key)} is no compiled function (${reason}): compiled anew.`);
    rmSync(fileOf(key), { force: true });
  };

  return {
    refuse,
    load(key) {
      const path = fileOf(key);
      try {
        const bytes = readFileSync(path);
        const body = bytes.subarray(MAGIC.length + 32);
        const isWhole = bytes.subarray(0, MAGIC.length).equals(MAGIC);
        if (isWhole && hashOf(body).equals(bytes.subarray(MAGIC.length, MAGIC.length + 32))) {
          const now = new Date();
          utimesSync(path, now, now);
          return body;
        }
        refuse(key, 'it is damaged');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') tell(unusable(folder, error));
      }
      return undefined;
    },
    store(key, bytes) {
      const temporary = `${fileOf(key)}.${process.pid}.tmp`;
      try {
        mkdirSync(folder, { recursive: true });
        const whole = Buffer.concat([MAGIC, hashOf(bytes), bytes]);
        if (written++ % LOOK_EVERY === 0) makeRoom(folder, maxBytes - whole.length);
        writeFileSync(temporary, whole);
        renameSync(temporary, fileOf(key));
      } catch (error) {
        tell(unusable(folder, error));
        try {
          rmSync(temporary, { force: true });
        } catch {
          // Where nothing can be written, nothing is left.
        }
      }
    },
  };
}

const unusable = (folder: string, error: unknown): string =>
  `xla: ${folder} keeps no compiled functions (${(error as Error).message}): every start compiles.`;

/** Deletes what was used longest ago until the rest has so many bytes, and what processes that ended left half written. */
function makeRoom(folder: string, bytes: number): void {
  const files = readdirSync(folder)
    .map((name) => ({ path: join(folder, name), stat: statSync(join(folder, name), { throwIfNoEntry: false }) }))
    .flatMap(({ path, stat }) => (stat ? [{ path, size: stat.size, used: stat.mtimeMs }] : []))
    .sort((a, b) => b.used - a.used);
  let kept = 0;
  for (const { path, size, used } of files) {
    kept += size;
    const isLeft = !path.endsWith(ENDING) && Date.now() - used > 3_600_000;
    if (kept > bytes || isLeft) rmSync(path, { force: true });
  }
}
