import { formatBytes } from './format-bytes.js';
import type { Io } from './io.js';

/** Milliseconds between two lines on a terminal, and elsewhere. */
const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;

/** Work done, and how fast. */
export interface Pace {
  readonly done: number;
  readonly total: number;
  /** Of `done`, a second. */
  readonly rate: number;
  /** Seconds. */
  readonly left: number;
}

/** Where it is shown. */
export type ProgressIo = Pick<Io, 'err' | 'now'>;

/** One line about long work. */
export interface ProgressLine {
  update(work: { readonly done: number; readonly total: number }): void;
  /** The clock starts anew, with so much done before it. */
  restart(done?: number): void;
  /** Clears the line. */
  end(): void;
}

/** Shows how far work is: one line rewritten on a terminal, plain lines now and then elsewhere. */
export function createProgressLine(
  { err: stream, now = Date.now }: ProgressIo,
  describe: (pace: Pace) => string,
): ProgressLine {
  const interval = stream.isTTY ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
  let start = now();
  let last = start;
  let first = 0;
  let shown = false;
  return {
    update({ done, total }) {
      const time = now();
      if (time - last < interval) return;
      last = time;
      const rate = (done - first) / ((time - start) / 1000);
      const text = describe({ done, total, rate, left: Math.ceil((total - done) / rate) });
      stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
      shown = true;
    },
    restart(done = 0) {
      first = done;
      start = now();
      last = start;
    },
    end() {
      if (shown && stream.isTTY) stream.write('\r\x1b[K');
      shown = false;
    },
  };
}

/** `25 %  250 MB of 1.00 GB  500 MB/s  2 s left` */
export const describeBytes = ({ done, total, rate, left }: Pace): string =>
  `${Math.floor((100 * done) / total)} %  ${formatBytes(done)} of ${formatBytes(total)}  ${formatBytes(rate)}/s  ${left} s left`;
