import { formatBytes } from './numbers.js';

/** A place to write progress to: `process.stderr`, or a test's. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** Milliseconds between two lines on a terminal, and elsewhere. */
const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;

/** Shows bytes done with rate and time left: one line rewritten on a terminal, plain lines now and then elsewhere. */
export function createProgress(stream: ProgressStream, now: () => number = Date.now) {
  const start = now();
  const interval = stream.isTTY ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
  let last = start;
  let shown = false;
  return {
    update({ bytesRead, bytesTotal }: { readonly bytesRead: number; readonly bytesTotal: number }): void {
      const time = now();
      if (time - last < interval) return;
      last = time;
      const rate = bytesRead / ((time - start) / 1000);
      const left = Math.ceil((bytesTotal - bytesRead) / rate);
      const text = `${Math.floor((100 * bytesRead) / bytesTotal)} %  ${formatBytes(bytesRead)} of ${formatBytes(bytesTotal)}  ${formatBytes(rate)}/s  ${left} s left`;
      stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
      shown = true;
    },
    /** Clears the line. */
    done(): void {
      if (shown && stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
