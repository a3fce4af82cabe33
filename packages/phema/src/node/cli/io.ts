import type { ProgressStream } from './progress.js';

/** What a command talks to. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: ProgressStream;
  readonly signal: AbortSignal;
  /** Milliseconds, for rates and for when a line of progress is due. Default the system's clock. */
  readonly now?: () => number;
}
