/** A place to write progress and warnings to: `process.stderr`, or a test's. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** What a command talks to. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: TextStream;
  readonly signal: AbortSignal;
  /** Milliseconds, for rates and for when a line of progress is due. Default the system's clock. */
  readonly now?: (() => number) | undefined;
}
