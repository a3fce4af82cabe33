const known = new WeakSet<Error>();

/**
 * An error about an op's arguments with the op and the line that called it; once is enough, however deep the call.
 *
 * @param op - its name; TensorFlow.js calls a kernel that no op called `unnamed scope`.
 * @param source - `file:line:column`, where it is known.
 */
export function located(error: unknown, op: string, source: string | undefined): unknown {
  if (!(error instanceof Error) || known.has(error)) return error;
  const Kind = error instanceof RangeError ? RangeError : error instanceof TypeError ? TypeError : Error;
  const what = op.includes(' ') ? 'a kernel' : `tf.${op}`;
  const made = new Kind(`${error.message} (${what}${source === undefined ? '' : ` at ${source}`})`, { cause: error });
  known.add(made);
  return made;
}
