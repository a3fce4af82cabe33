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
}
