/** The error for a kernel that cannot be compiled. */
export function unsupportedKernel(kernel: string, op: string, supported: readonly string[]): Error {
  return new Error(
    `jit: expected kernels that can be compiled, got ${kernel} (asked for by tf.${op}). ` +
      `Write it with supported kernels: ${[...supported].sort().join(', ')}.`,
  );
}
