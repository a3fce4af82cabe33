import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { removeLeftovers, writeFileAtomic } from '../atomic.js';
import { explainFileError } from '../file-error.js';
import { makeFolder } from '../make-folder.js';
import { type ProcessIdentity, type ProcessState, stateOf, thisProcess } from './process-identity.js';

/** Who holds a lock. */
export interface LockHolder extends ProcessIdentity {
  /** When it took the lock, ISO 8601. */
  readonly since: string;
}

/** A lock that this process holds. */
export interface Lock {
  /** The lock's own file. */
  readonly file: string;
  /** Gives it back; a folder that was made for it and is still empty goes too. */
  release(): Promise<void>;
}

/** Another process writes there. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
  readonly code = 'LOCKED';
  readonly holder: LockHolder;
  /** The other's lock file. */
  readonly file: string;

  constructor(message: string, holder: LockHolder, file: string) {
    super(message);
    this.holder = holder;
    this.file = file;
  }
}

/** Two that begin at the same moment both step back: so often they try again, after a pause of random length. */
const ATTEMPTS = 5;
const MAX_PAUSE_MS = 120;

/** Files of locks that this process holds: removed when it ends, however it comes to its end by itself. */
const held = new Set<string>();
const removeHeld = (): void => {
  for (const file of held) rmSync(file, { force: true });
};

/**
 * Makes this process the only one that writes to a folder, until it gives the lock back or ends. What a process that was killed has
 * left is seen and removed, also when its number has been given to another; a lock of another machine or container is left alone.
 *
 * @param folder - made where it is missing.
 * @param fn - who asks, for messages.
 * @throws {LockedError} (rejects) when another process holds it, or may.
 * @throws {Error} (rejects) of the file system, explained.
 */
export const lockFolder = (folder: string, fn: string): Promise<Lock> => acquire(folder, '.lock', folder, fn);

/** {@link lockFolder} for one file, or a folder beside which the lock shall lie: there may be something of that name or not. */
export const lockFile = (path: string, fn: string): Promise<Lock> =>
  acquire(dirname(resolve(path)), `.${basename(resolve(path))}.lock`, path, fn);

/** Whether a file's name is that of a lock: what looks whether a folder is empty passes it over. */
export const isLockFile = (name: string): boolean => /^\.(.+\.)?lock-\d+-[0-9a-f]{8}\.json$/.test(name);

async function acquire(folder: string, prefix: string, what: string, fn: string): Promise<Lock> {
  const explain = (error: unknown): never => {
    const { cause } = error as Error;
    throw explainFileError(cause instanceof Error ? cause : error, { fn, path: what });
  };
  const made = await makeFolder(folder).catch(explain);
  for (let attempt = 1; ; attempt++) {
    // A name of its own, and all names are looked at only after it stands: of two processes, one at least sees the other. A lock that
    // is left over is removed by its name, and cannot be taken for a newer one.
    const file = join(folder, `${prefix}-${process.pid}-${randomBytes(4).toString('hex')}.json`);
    const holder: LockHolder = { ...thisProcess(), since: new Date().toISOString() };
    await writeFileAtomic(file, `${JSON.stringify(holder, null, 2)}\n`).catch(explain);
    if (held.size === 0) process.once('exit', removeHeld);
    held.add(file);
    const release = async (): Promise<void> => {
      await rm(file, { force: true }).catch(() => {});
      held.delete(file);
      if (held.size === 0) process.off('exit', removeHeld);
      await removeEmpty(folder, made);
    };
    const other = await findOther(folder, prefix, basename(file)).catch(async (error) => {
      await release();
      return explain(error);
    });
    if (other === undefined) return { file, release };
    await release();
    if (attempt === ATTEMPTS) throw new LockedError(describe(fn, what, other), other.holder, other.file);
    await new Promise((done) => setTimeout(done, Math.random() * MAX_PAUSE_MS));
  }
}

interface Other {
  readonly file: string;
  readonly holder: LockHolder;
  readonly state: ProcessState;
}

/** A lock beside our own that counts. Those of processes that have ended are removed. */
async function findOther(folder: string, prefix: string, own: string): Promise<Other | undefined> {
  const isOurs = (name: string): boolean => isLockFile(name) && name.startsWith(`${prefix}-`);
  await removeLeftovers(folder, isOurs);
  for (const name of await readdir(folder)) {
    if (name === own || !isOurs(name)) continue;
    const file = join(folder, name);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue; // given back meanwhile
    const holder = parse(text);
    // Written whole or not at all: what cannot be read is no lock.
    const state = holder ? stateOf(holder) : 'ended';
    if (holder && state !== 'ended') return { file, holder, state };
    await rm(file, { force: true });
  }
  return undefined;
}

function parse(text: string): LockHolder | undefined {
  try {
    const { pid, host, started, space, since } = JSON.parse(text);
    const texts = [host, started, space, since].every((value) => typeof value === 'string');
    return Number.isInteger(pid) && pid > 0 && texts ? { pid, host, started, space, since } : undefined;
  } catch {
    return undefined;
  }
}

function describe(fn: string, what: string, { file, holder, state }: Other): string {
  const { pid, host, since } = holder;
  const expected = `${fn}: expected to be the only one that writes to ${what}`;
  if (state === 'running')
    return `${expected}, got process ${pid} on this machine, which has done so since ${since}. Wait for its end, or stop it with: kill ${pid}`;
  const where = host === thisProcess().host ? `another container on ${host}` : `the machine ${host}`;
  return `${expected}, got a lock of process ${pid} in ${where}, of ${since}. Wait for its end, or stop it there; if it runs no longer, delete ${file}`;
}

/** Removes folders that were made for a lock and hold nothing. */
async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  for (let each = resolve(folder); ; each = dirname(each)) {
    const gone = await rmdir(each).then(
      () => true,
      () => false,
    );
    if (!gone || each === made) return;
  }
}
