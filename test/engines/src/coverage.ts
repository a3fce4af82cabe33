import { engine, getGradient } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** What tests of one file have compiled and compared, by kernel. */
const tested = {
  /** Results against cpu or a closed form. */
  values: new Set<string>(),
  /** Differentiated on the way: the kernel's gradient took part in what was compared. */
  gradients: new Set<string>(),
  /** Results against a closed form, or other ops, instead of the same ops on cpu. */
  closedForms: new Set<string>(),
};

/**
 * Notes the kernels that are dispatched while `run` traces functions.
 *
 * @param closedForm - the results are judged by something else than the same function on cpu.
 */
export function noteKernels<T>(closedForm: boolean, run: () => T): T {
  const tf = engine();
  const { runKernel } = tf;
  tf.runKernel = (kernel, inputs, attrs) => {
    if (tf.backendName === 'jit-trace') {
      tested.values.add(kernel);
      if (closedForm) tested.closedForms.add(kernel);
      const { gradientDepth, kernelDepth } = tf.state;
      if (gradientDepth > 0 && kernelDepth === 0 && getGradient(kernel) !== undefined) tested.gradients.add(kernel);
    }
    return runKernel.call(tf, kernel, inputs, attrs) as never;
  };
  try {
    return run();
  } finally {
    tf.runKernel = runKernel;
  }
}

/**
 * Holds what this file's tests covered against what tfjs-jit's README says of them. The last test of a file; after a change,
 * `npm run vitest -- <file> -u` writes it anew, and kernel-table.test.ts of tfjs-jit says what the README must say.
 *
 * @param file - name of the test file.
 */
export async function expectCoverage(file: string): Promise<void> {
  const lines = Object.entries(tested).map(([kind, names]) => `${kind}: ${[...names].sort().join(' ')}\n`);
  await expect(lines.join('')).toMatchFileSnapshot(`../tested/${file}.txt`);
}
