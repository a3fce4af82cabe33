/** The command was used wrongly: exit code 2. */
export class UsageError extends RangeError {
  override readonly name = 'UsageError';
}

/** Interrupted, with everything that was done kept: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** An option of a library function that a command passes on was used wrongly: edm2's OptionError. */
const isOptionError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EDM2_OPTION';

/** 0 done, 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept. */
export type ExitCode = 0 | 1 | 2 | 130;

/** Exit code of every command for what it threw. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof InterruptedError) return 130;
  return error instanceof UsageError || isOptionError(error) ? 2 : 1;
}
