/** The command was used wrongly: exit code 2. */
export class UsageError extends RangeError {
  override readonly name = 'UsageError';
}

/** Interrupted, with everything that was done kept: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept. */
export type ExitCode = 0 | 1 | 2 | 130;

/** Exit code of every command for what it threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InterruptedError) return 130;
  return error instanceof UsageError ? 2 : 1;
}
