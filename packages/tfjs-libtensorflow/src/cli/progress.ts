import type { InstallProgress } from '../install/install.js';

/** A place to write progress to: `process.stderr`, or a test's. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** Milliseconds between two lines on a terminal, and elsewhere. */
const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;

/** Bytes as people read them. */
export const formatBytes = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;

/** Shows bytes with rate and time left: one line rewritten on a terminal, plain lines now and then elsewhere. */
export function createProgress(stream: ProgressStream, now: () => number = Date.now) {
  let stage: InstallProgress['stage'] | undefined;
  let start = now();
  let first = 0;
  let last = start;
  let shown = false;
  return {
    update: (progress: InstallProgress): void => {
      const time = now();
      if (progress.stage !== stage) {
        // Bytes that an earlier download left are no measure of this one's rate.
        ({ stage, bytes: first } = progress);
        start = time;
        last = time;
        return;
      }
      if (time - last < (stream.isTTY ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) return;
      last = time;
      const rate = (progress.bytes - first) / ((time - start) / 1000);
      const total = Math.max(progress.total, progress.bytes);
      const share = Math.floor((100 * progress.bytes) / total);
      const left = Math.ceil((total - progress.bytes) / rate);
      const text = `${progress.stage}  ${share} %  ${formatBytes(progress.bytes)} of ${formatBytes(total)}  ${formatBytes(rate)}/s  ${left} s left`;
      stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
      shown = true;
    },
    /** Clears the line. */
    done(): void {
      if (shown && stream.isTTY) stream.write('\r\x1b[K');
      shown = false;
    },
  };
}
