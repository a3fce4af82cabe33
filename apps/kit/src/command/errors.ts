/** The command was used wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Interrupted, with everything that was done kept: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Exit codes of every command: 1 failed, 2 wrong usage, 130 interrupted with the work done so far kept. */
export function exitCodeOf(error: unknown): 1 | 2 | 130 {
  if (error instanceof InterruptedError) return 130;
  return error instanceof UsageError ? 2 : 1;
}
