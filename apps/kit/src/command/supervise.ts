import { Worker } from 'node:worker_threads';
import { formatSeconds } from '../pictures/format.js';
import type { FromMain, FromWork, WorkData } from './threads.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** Exit code of an interruption, whichever signal asked for it. */
const INTERRUPTED = 130;
/** Signals that come together are one: a terminal sends Ctrl-C to a whole group of processes, and npm passes on what it gets. */
const TOGETHER_MS = 300;
/** How long a thread that is to end at once may take for the call that it is in. */
const END_MS = 1000;
/** After so long without a word from the work, the main thread says that it goes on. */
const SILENCE_MS = 30_000;

/**
 * Runs a command in a thread of its own and listens for signals meanwhile: the first lets the work finish its step, the second ends the
 * process at once, and while one step computes for minutes a line says so. On every engine alike.
 *
 * @param program - a module that calls `work` where it is not the main thread.
 * @param silence - milliseconds without a word from the work, after which the main thread says that it goes on.
 * @returns exit code.
 */
export function supervise(program: URL, silence: number = SILENCE_MS): Promise<number> {
  const columns = [process.stdout, process.stderr].map((stream) => (stream.isTTY ? stream.columns : undefined));
  const data: WorkData = { script: process.argv[1] ?? '', columns: [columns[0], columns[1]] };
  const worker = new Worker(program, { argv: process.argv.slice(2), workerData: data });
  // A terminal that was closed takes no more words; the work goes on.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const say = (text: string): void => void process.stderr.write(`${text}\n`);

  let listening: string | undefined;
  let progress: Extract<FromWork, { kind: 'progress' }> | undefined;
  let heard = performance.now();
  let spoken = heard;
  worker.on('message', (message: FromWork) => {
    heard = performance.now();
    if (message.kind === 'listening') listening = message.what;
    else if (message.kind === 'deaf') listening = undefined;
    else progress = message.kind === 'progress' ? message : undefined;
  });
  const watch = setInterval(() => {
    const now = performance.now();
    if (!progress || now - Math.max(heard, spoken) < silence) return;
    spoken = now;
    const { title, done, total, unit } = progress;
    say(`${title}: ${done}/${total} ${unit}, at work on the next for ${formatSeconds((now - heard) / 1000)}`);
  }, silence / 6);
  watch.unref();

  let first: number | undefined;
  let ending = false;
  const end = (signal: Signal): void => {
    if (ending) return;
    ending = true;
    // It ends between two calls. `worker.terminate()` would end it within one: ONNX Runtime's then throws where nothing catches, and aborts.
    worker.postMessage({ signal, atOnce: true } satisfies FromMain);
    setTimeout(() => {
      // As if nobody listened: the system ends the process, whatever its threads do. A shell sees 130, whichever signal came.
      for (const each of SIGNALS) process.removeAllListeners(each);
      process.kill(process.pid, 'SIGINT');
    }, END_MS);
  };
  for (const signal of SIGNALS)
    process.on(signal, () => {
      const now = performance.now();
      if (first === undefined && listening !== undefined) {
        first = now;
        say(`${listening} (once more to end at once)`);
        worker.postMessage({ signal } satisfies FromMain);
        return;
      }
      if (first !== undefined && now - first < TOGETHER_MS) return;
      say(first === undefined ? 'interrupted' : 'ended at once; what was written before is whole');
      end(signal);
    });

  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => resolve(ending ? INTERRUPTED : code));
  });
}
