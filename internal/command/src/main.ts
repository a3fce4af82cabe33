import type { ExitCode } from './errors.js';
import type { Io } from './io.js';

/** Runs a command as this process: its terminal, its signals, its exit code. */
export function main(run: (args: readonly string[], io: Io) => Promise<ExitCode>): void {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
  process.once('SIGTERM', () => interrupted.abort(new Error('terminated')));
  process.once('SIGHUP', () => interrupted.abort(new Error('terminal closed')));
  const io: Io = {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: process.stderr,
    signal: interrupted.signal,
  };
  // Not awaited at the top: CommonJS has no such thing.
  void run(process.argv.slice(2), io).then((code) => {
    process.exitCode = code;
  });
}
