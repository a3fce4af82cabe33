import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { EVENTS_VARIABLE, type TrainEvent } from './train-events.js';
import { OptionError } from './words.js';

/** The value of an option as a program gives it: a list is joined by commas, true a switch. */
type OptionValue = string | number | boolean | readonly (string | number)[] | undefined;

/** Options of `edm2 train` in camel case; those of a name are the usual ones. */
export interface TrainOptions {
  /** Folder or zip of square images, all of one size, a power of two; sub-folders are classes. Not needed to resume. */
  readonly data?: string | undefined;
  /** The run's folder. Default: the next free one in `runs/`. */
  readonly outdir?: string | undefined;
  /** Network and its training constants, such as `mnist`, `cifar10`, `img64-s`. */
  readonly preset?: string | undefined;
  /** Length, in images: `60000`, or as it would be typed, `'2Mi'`. */
  readonly duration?: number | string | undefined;
  readonly batch?: number | undefined;
  readonly engine?: string | undefined;
  readonly threads?: number | undefined;
  readonly seed?: number | undefined;
  /** The mirror image of every image too. */
  readonly xflip?: boolean | undefined;
  /** Probability of each of EDM's augmentations, of which the network is told, such as 0.12. */
  readonly augment?: number | undefined;
  /** Images to measure the loss on: a share of `data` that is not trained on, such as 0.1, or a path of others. */
  readonly validation?: number | string | undefined;
  /** Go on with the run of `outdir`. */
  readonly resume?: boolean | undefined;
  /** Ends the run after its step, with a training state. */
  readonly signal?: AbortSignal | undefined;
  /** Every other option of the command: `lr`, `decay`, `dropout`, `snapshot`, `checkpoint`, `preview`, `status`, `cond`, `vae`, … */
  readonly [option: string]: OptionValue | AbortSignal;
}

/** Options whose value is typed, though it is true or false. */
const TYPED = new Set(['cond', 'fp16', 'uncertainty', 'xflip']);
/** Lines of what was printed that are kept for an error. */
const KEPT_LINES = 40;
const INTERRUPTED = 130;
const WRONG_USAGE = 2;

/**
 * Starts a training process and passes on what it tells.
 *
 * @param program - the command's script.
 */
export async function* startTraining(
  program: string,
  { signal, ...options }: TrainOptions,
): AsyncGenerator<TrainEvent, void, undefined> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [program, 'train', ...argumentsOf(options)], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, [EVENTS_VARIABLE]: '3' },
  });
  const stop = (): void => void child.kill('SIGINT');
  signal?.addEventListener('abort', stop, { once: true });
  const ended = endOf(child);
  const queue = createQueue<TrainEvent>();
  const printed: string[] = [];
  const told = lines(child.stdio[3] as Readable, (line) => queue.put(JSON.parse(line)));
  const said = [child.stdout, child.stderr].map((stream) =>
    lines(stream as Readable, (text) => {
      printed.push(text);
      if (printed.length > KEPT_LINES) printed.shift();
      if (text !== '') queue.put({ kind: 'note', text });
    }),
  );
  void Promise.all([told, ...said, ended]).then(queue.end, queue.end);
  let outdir = '';
  let code: number | undefined;
  try {
    for await (const event of queue.events()) {
      if (event.kind === 'start') outdir = event.outdir;
      yield event;
    }
    code = await ended;
  } finally {
    signal?.removeEventListener('abort', stop);
    // The loop was left: the run writes a training state and ends.
    if (code === undefined) {
      stop();
      await ended;
    }
  }
  if (signal?.aborted && code === INTERRUPTED) throw signal.reason;
  if (code !== 0) throw failure(code, printed);
  yield { kind: 'done', outdir };
}

/** What would be typed. */
function argumentsOf(options: Omit<TrainOptions, 'signal'>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name === 'pMean' || name === 'pStd' ? name.toLowerCase() : name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    if (value === undefined || (value === false && !TYPED.has(name))) return [];
    if (value === true && !TYPED.has(name)) return [flag];
    if (typeof value === 'object' && !Array.isArray(value))
      throw new OptionError(`train: expected ${name} to be text, a number, a list or true, got an object. Correct it.`);
    return [`${flag}=${Array.isArray(value) ? value.join(',') : value}`];
  });
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? INTERRUPTED));
  });
}

async function lines(stream: Readable, take: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) take(line);
}

/** The command's last words: they stand behind an empty line. */
function failure(code: number | undefined, printed: readonly string[]): Error {
  const text = printed.join('\n').trimEnd();
  const message = text.slice(text.lastIndexOf('\n\n') + 1).trim() || `train: ended with code ${code}`;
  return code === WRONG_USAGE ? new OptionError(message) : new Error(message);
}

/** Values from callbacks, for a loop. */
function createQueue<T>() {
  const waiting: T[] = [];
  let ended = false;
  let failed: unknown;
  let wake = (): void => {};
  return {
    put(value: T): void {
      waiting.push(value);
      wake();
    },
    end(error?: unknown): void {
      ended = true;
      if (error instanceof Error) failed = error;
      wake();
    },
    async *events(): AsyncGenerator<T, void, undefined> {
      while (true) {
        for (let value = waiting.shift(); value !== undefined; value = waiting.shift()) yield value;
        if (failed !== undefined) throw failed;
        if (ended && waiting.length === 0) return;
        if (waiting.length === 0 && !ended)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
