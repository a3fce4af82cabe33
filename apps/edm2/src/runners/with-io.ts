import { listenForInterrupt } from '@edm2/app-kit/command/interrupt';
import type { Io } from '@edm2/command/io';

/** Runs a package's command with this process's terminal; Ctrl-C lets it clean up. */
export async function withIo<T>(run: (io: Io) => Promise<T>): Promise<T> {
  const interrupt = listenForInterrupt((text) => void process.stderr.write(`${text}\n`), 'stopping');
  try {
    return await run({
      out: (text) => void process.stdout.write(`${text}\n`),
      err: process.stderr,
      signal: interrupt.signal,
    });
  } finally {
    interrupt.release();
  }
}
