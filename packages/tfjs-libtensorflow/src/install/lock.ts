import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@edm2/tensor-files';

/**
 * Runs `fn` while no other process installs into the same folder.
 *
 * @throws {Error} when another one does.
 */
export async function locked<T>(folder: string, fn: () => Promise<T>): Promise<T> {
  await makeFolder(folder).catch((cause: Error) => {
    throw new Error(
      `install: expected a folder that can be made, got ${folder}: ${cause.message}. Name another one with --directory.`,
      { cause },
    );
  });
  const file = join(folder, '.lock');
  const handle = await open(file, 'wx').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (isRunning(owner))
      throw new Error(
        `install: expected to be the only installation into ${folder}, got another one running (process ${owner}). Wait for it.`,
        { cause: error },
      );
    // Its process is gone: it was killed.
    await rm(file, { force: true });
    return open(file, 'wx');
  });
  try {
    await handle.write(`${process.pid}`);
    await handle.close();
    return await fn();
  } finally {
    await rm(file, { force: true });
  }
}

function isRunning(process_: number): boolean {
  if (!(process_ > 0)) return false;
  try {
    return process.kill(process_, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
