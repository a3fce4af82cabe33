import type { Io } from './io.js';

/** Milliseconds between two lines on a terminal, and elsewhere. */
const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;

/** Shows images done with rate and time left: one line rewritten on a terminal, plain lines now and then elsewhere. */
export function createProgress({ err: stream, now = Date.now }: Pick<Io, 'err' | 'now'>, label: string) {
  const start = now();
  let last = start;
  let isShown = false;
  return {
    update({ done, total }: { readonly done: number; readonly total: number }): void {
      const time = now();
      if (time - last < (stream.isTTY ? TERMINAL_INTERVAL : PLAIN_INTERVAL)) return;
      last = time;
      const rate = done / ((time - start) / 1000);
      const left = Math.ceil((total - done) / rate);
      const text = `${label}: ${done} of ${total} images, ${rate.toPrecision(3)}/s, ${left} s left`;
      stream.write(stream.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
      isShown = true;
    },
    /** Clears the line. */
    done(): void {
      if (isShown && stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
