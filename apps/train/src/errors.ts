/** The command was used wrongly: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A run was interrupted after it had written its checkpoint: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Exit codes of every command: 1 failed, 2 wrong usage, 130 interrupted after writing a checkpoint. */
export function exitCodeOf(error: unknown): 1 | 2 | 130 {
  if (error instanceof InterruptedError) return 130;
  return error instanceof UsageError ? 2 : 1;
}
