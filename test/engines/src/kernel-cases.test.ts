import { withGradients } from '@edm2/test-support';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { compare } from './compare.js';
import { expectCoverage } from './coverage.js';
import { describeEngines, isCpu } from './engines.js';
import { composed } from './kernel-cases/composed.js';
import { dtypes } from './kernel-cases/dtypes.js';
import { indexing } from './kernel-cases/indexing.js';
import type { KernelCase } from './kernel-cases/kernel-case.js';
import { volumes } from './kernel-cases/volumes.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterEach(() => vi.restoreAllMocks());

describeEngines('kernel cases', (engine, engineName) => {
  describe.each([
    ['indexing', indexing],
    ['composed', composed],
    ['volumes', volumes],
    ['int32 and bool', dtypes],
  ] as const)('%s', (_, cases) => {
    const mine = (cases as readonly KernelCase[]).filter(({ wrongOnCpu }) => !(isCpu(engineName) && wrongOnCpu));
    it.each(mine.map((kernelCase) => [kernelCase.name, kernelCase] as const))('%s', (_name, kernelCase) => {
      const { calls, gradients = false, tolerance = 1e-5 } = kernelCase;
      const runKernel = vi.spyOn(tf.engine(), 'runKernel');
      const property = fc.property(calls, (make) => {
        const { fn, inputs, expected } = make();
        const differentiated = (f: typeof fn): typeof fn => (gradients ? withGradients(f as never) : f);
        const difference = compare(engine(), differentiated(fn), inputs, expected && differentiated(expected));
        expect(difference).toBeLessThanOrEqual(tolerance);
        tf.dispose([...inputs]);
      });
      fc.assert(property, { numRuns: 6, seed: 4 });
      const dispatched = new Set(runKernel.mock.calls.map(([kernel]) => kernel));
      expect([...dispatched]).toEqual(expect.arrayContaining([...kernelCase.kernels]));
    });
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('kernel-cases'));
