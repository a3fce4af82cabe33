import { isMainThread, parentPort, workerData } from 'node:worker_threads';

// A command works in a thread of its own, so that the main thread hears signals and can say something however long one call computes.

/** What the working thread tells the main one. */
export type FromWork =
  /** It listens for an interruption; `what` happens then. */
  | { readonly kind: 'listening'; readonly what: string }
  | { readonly kind: 'deaf' }
  /** How far it is. */
  | {
      readonly kind: 'progress';
      readonly title: string;
      readonly done: number;
      readonly total: number;
      readonly unit: string;
    }
  | { readonly kind: 'idle' };

/** What the main thread passes on: a signal that has come. */
export interface FromMain {
  readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP';
  /** The thread ends as soon as it hears this, whether it listens for signals or not. */
  readonly atOnce?: true;
}

/** What a working thread is started with. */
export interface WorkData {
  /** `process.argv[1]` of the process. */
  readonly script: string;
  /** Columns of the terminals behind standard output and error; undefined where there is none. */
  readonly columns: readonly [out: number | undefined, err: number | undefined];
}

/** Whether this is the working thread of a command, and not a test or the main thread. */
export const isWorkThread = (): boolean => !isMainThread && parentPort !== null && isWorkData(workerData);

export const isWorkData = (data: unknown): data is WorkData =>
  typeof data === 'object' && data !== null && 'script' in data && 'columns' in data;

/** Tells the main thread; nothing where the work is done in the main thread, as in tests. */
export function tellMain(message: FromWork): void {
  if (isWorkThread()) parentPort?.postMessage(message);
}
