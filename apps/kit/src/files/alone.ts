import { type Lock, lockFile, lockFolder } from '@edm2/tensor-files';

/**
 * Does work while no other process writes to a folder.
 *
 * @param fn - who asks, for messages.
 * @throws {LockedError} (rejects) when another process does.
 */
export const aloneIn = <T>(folder: string, fn: string, work: () => Promise<T>): Promise<T> =>
  holding(lockFolder(folder, fn), work);

/** {@link aloneIn} for one file, or a folder that must not hold a lock: it lies beside. */
export const aloneAt = <T>(path: string, fn: string, work: () => Promise<T>): Promise<T> =>
  holding(lockFile(path, fn), work);

async function holding<T>(lock: Promise<Lock>, work: () => Promise<T>): Promise<T> {
  const { release } = await lock;
  try {
    return await work();
  } finally {
    await release();
  }
}
