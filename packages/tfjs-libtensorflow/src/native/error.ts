const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** An error that TensorFlow reported, with its message and what was asked of it. */
export class TensorflowError extends Error {
  override readonly name = 'TensorflowError';
  /** TensorFlow's code by name; `RESOURCE_EXHAUSTED` is out of memory. */
  readonly code: string;

  constructor(context: string, code: number, message: string) {
    const name = CODES[code] ?? `code ${code}`;
    super(`${context}: TensorFlow answered ${name}: ${message}`);
    this.code = name;
  }
}
