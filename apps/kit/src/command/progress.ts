import { SingleBar } from 'cli-progress';
import { tellMain } from './threads.js';

/** A long task's progress: a bar on a terminal, a plain line every few seconds elsewhere. */
export interface Progress {
  /** @param total - where the amount of work turns out to be another than it began with. */
  update(done: number, note?: string, total?: number): void;
  /** Prints a line above the bar. */
  say(text: string): void;
  stop(): void;
}

/** Seconds between plain lines where there is no terminal. */
const LINE_INTERVAL_S = 15;

/** Milliseconds between notes to the main thread, which speaks when they stay away. */
const TELL_INTERVAL_MS = 500;

const duration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return '–';
  const s = Math.round(seconds);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
};

/**
 * @param title - what is being done.
 * @param total - when it is done.
 * @param unit - of both numbers.
 * @param done - where it starts, for work that resumes.
 */
export function startProgress(title: string, total: number, unit: string, done = 0): Progress {
  let told = Number.NEGATIVE_INFINITY;
  const tell = (now: number, whole: number): void => {
    if (performance.now() - told < TELL_INTERVAL_MS) return;
    told = performance.now();
    tellMain({ kind: 'progress', title, done: now, total: whole, unit });
  };
  tell(done, total);
  const progress = showProgress(title, total, unit, done);
  return {
    ...progress,
    update(now, note, whole) {
      tell(now, whole ?? total);
      progress.update(now, note, whole);
    },
    stop() {
      tellMain({ kind: 'idle' });
      progress.stop();
    },
  };
}

function showProgress(title: string, total: number, unit: string, done: number): Progress {
  const out = process.stderr;
  const started = performance.now();
  const rate = (now: number): number => (now - done) / Math.max(1e-3, (performance.now() - started) / 1000);
  if (!out.isTTY) {
    let last = performance.now();
    out.write(`${title}: ${total} ${unit}${done > 0 ? `, from ${done}` : ''}\n`);
    return {
      update(now, note = '', whole = total) {
        if (performance.now() - last < LINE_INTERVAL_S * 1000 && now < whole) return;
        last = performance.now();
        const left = now < whole ? `, ${duration((whole - now) / rate(now))} left` : '';
        out.write(
          `${title}: ${now}/${whole} ${unit}, ${rate(now).toFixed(1)} ${unit}/s${left}${note ? `, ${note}` : ''}\n`,
        );
      },
      say: (text) => void out.write(`${text}\n`),
      stop() {},
    };
  }
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% · {rate} ${unit}/s · {left} left {note}`,
    stream: out,
    hideCursor: true,
    clearOnComplete: false,
    barsize: 24,
  });
  const payload = (now: number, note: string, whole: number) => ({
    rate: rate(now).toFixed(1),
    left: duration((whole - now) / rate(now)),
    note: note ? `· ${note}` : '',
  });
  bar.start(total, done, { rate: '–', left: '–', note: '' });
  return {
    update(now, note = '', whole = total) {
      bar.setTotal(whole);
      bar.update(now, payload(now, note, whole));
    },
    say(text) {
      out.write(`\r\u001b[2K${text}\n`);
      bar.render();
    },
    stop: () => bar.stop(),
  };
}

/** Shows the progress of one piece of work, whatever its end. */
export async function withProgress<T>(
  title: string,
  total: number,
  unit: string,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  const progress = startProgress(title, total, unit);
  try {
    return await work((done) => progress.update(done));
  } finally {
    progress.stop();
  }
}

/** Bytes as progress counts them. */
const MEGABYTE = 1e6;

/** Shows the progress of work that counts bytes, whatever its end. How many there are, the work says. */
export async function withByteProgress<T>(
  title: string,
  work: (onProgress: (progress: { readonly bytesRead: number; readonly bytesTotal: number }) => void) => Promise<T>,
): Promise<T> {
  let progress: Progress | undefined;
  try {
    return await work(({ bytesRead, bytesTotal }) => {
      const total = Math.ceil(bytesTotal / MEGABYTE);
      progress ??= startProgress(title, total, 'MB');
      progress.update(bytesRead === bytesTotal ? total : Math.floor(bytesRead / MEGABYTE));
    });
  } finally {
    progress?.stop();
  }
}
