import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type FromMain, isWorkData } from './threads.js';

/** Exit code of an interruption. */
const INTERRUPTED = 130;

/** How long to wait for a full pipe before trying again. */
const PAUSE_MS = 5;

/**
 * Makes the thread look like a process: signals that the main thread hears are emitted here, and what is written appears at once, even when
 * the thread computes right after.
 *
 * @param run - runs the command; its exit code.
 */
export async function work(run: (argv: readonly string[]) => Promise<number>): Promise<never> {
  if (isWorkData(workerData)) {
    process.argv[1] = workerData.script;
    writeDirectly(process.stdout, 1, workerData.columns[0]);
    writeDirectly(process.stderr, 2, workerData.columns[1]);
  }
  parentPort?.on('message', ({ signal, atOnce }: FromMain) =>
    atOnce ? process.exit(INTERRUPTED) : process.emit(signal),
  );
  parentPort?.unref();
  // Engines keep threads alive; when the work is done the process ends.
  process.exit(await run(process.argv.slice(2)));
}

/** A thread's own streams hand over to the main thread, and wait for its answer. */
function writeDirectly(stream: NodeJS.WriteStream, fd: number, columns: number | undefined): void {
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns });
  stream.write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    writeAll(fd, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    const done = rest.find((each) => typeof each === 'function');
    if (typeof done === 'function') queueMicrotask(() => done());
    return true;
  };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; )
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Nobody reads any more: a terminal that was closed, the end of a pipe. The work goes on.
      if (code === 'EPIPE' || code === 'EIO' || code === 'EBADF') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
}
