import type { ProgressStream } from './progress.js';

/** What a command talks to. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: ProgressStream;
  readonly signal: AbortSignal;
}
