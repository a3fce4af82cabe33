import util from 'node:util';

/** TensorFlow.js's Node kernels call two functions that Node 23 took away; they are put back where they are missing. */
export function restoreUtil(): void {
  const old = util as unknown as Record<string, unknown>;
  old['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  old['isArray'] ??= Array.isArray;
}
