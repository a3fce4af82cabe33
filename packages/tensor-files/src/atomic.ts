import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { explainWriteError, fileErrorCode } from './file-error.js';
import { exists } from './lock/process-identity.js';

/** Options of {@link writeFileAtomic}. */
export interface WriteFileAtomicOptions {
  /** Stops the write; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/** Largest single write: keeps an abort prompt and stays below every platform's limit of 2 GiB. */
const MAX_WRITE_BYTES = 1 << 26;

/** Writes all bytes at a position, however few the system takes at a time. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(bytes.length - done, MAX_WRITE_BYTES);
    const { bytesWritten } = await handle.write(bytes, done, length, position + done);
    done += bytesWritten;
  }
}

/** A file that is being written under a temporary name beside its final one. */
export interface AtomicFile {
  readonly handle: FileHandle;
  /** Flushes to the disk and puts the file under its final name, replacing what was there. */
  commit(): Promise<void>;
  /** Removes the temporary file; does nothing after {@link commit}. */
  discard(): Promise<void>;
}

/** What {@link openAtomic} calls its files; the number is the process's. */
const TEMPORARY = /^\.(.+)\.(\d+)\.[0-9a-f]{8}\.tmp$/;

/**
 * Removes what killed processes have left of files that they were writing into a folder. Those of processes that run stay.
 *
 * @param name - of one file alone, or whether a name is meant; default: of any.
 * @returns names of what was removed; none where there is no such folder.
 */
export async function removeLeftovers(folder: string, name?: string | ((name: string) => boolean)): Promise<string[]> {
  const meant = typeof name === 'function' ? name : (each: string): boolean => name === undefined || each === name;
  const names = await readdir(folder).catch((): string[] => []);
  const left = names.filter((each) => {
    const [, of = '', pid] = TEMPORARY.exec(each) ?? [];
    return Number(pid) > 0 && Number(pid) !== process.pid && meant(of) && !exists(Number(pid));
  });
  for (const each of left) await rm(join(folder, each), { force: true });
  return left;
}

/**
 * Opens a temporary file in the directory of `path`.
 *
 * @param fn - who writes, for messages.
 * @throws {Error} of the file system, explained, when the directory is missing or not writable.
 */
export async function openAtomic(path: string, fn: string): Promise<AtomicFile> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx+').catch((error: unknown) => {
    throw explainWriteError(fn, path, error);
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
  };
  let isDone = false;
  return {
    handle,
    async commit() {
      await handle.sync();
      await close();
      await rename(temporary, path);
      isDone = true;
      await syncDirectory(dirname(path));
    },
    async discard() {
      if (isDone) return;
      isDone = true;
      // What went wrong before is what is reported; a disk that is gone takes neither.
      await close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    },
  };
}

/** Makes a rename survive a power cut. Where directories cannot be opened or synced (Windows, some network disks) the system orders it. */
async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, 'r');
    await handle.sync();
  } catch {
    // The file itself is complete and named; only the timing of the rename on the disk is left to the system.
  } finally {
    await handle?.close();
  }
}

/**
 * Writes a file so that its name always stands for a complete one: temporary name in the same directory, fsync, rename, fsync of the
 * directory. On an error or an abort the old file stays as it was and nothing else is left.
 *
 * @param path - final name; its directory must exist.
 * @param data - text (UTF-8), bytes, or chunks of bytes produced while writing.
 * @throws {Error} of the file system, explained, with its `code`; the signal's reason when aborted.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  { signal }: WriteFileAtomicOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  const chunks = typeof data === 'string' ? [Buffer.from(data)] : data instanceof Uint8Array ? [data] : data;
  const file = await openAtomic(path, 'writeFileAtomic');
  /** While a producer runs, what fails may be another file. */
  let producing = true;
  try {
    let position = 0;
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      producing = false;
      await writeFully(file.handle, chunk, position);
      position += chunk.length;
      producing = true;
    }
    signal?.throwIfAborted();
    producing = false;
    await file.commit();
  } catch (error) {
    await file.discard();
    const another = producing && !['ENOSPC', 'EDQUOT'].includes(fileErrorCode(error) ?? '');
    throw another ? error : explainWriteError('writeFileAtomic', path, error);
  }
}
