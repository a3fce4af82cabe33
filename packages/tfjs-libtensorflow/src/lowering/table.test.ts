import { KERNEL_NAMES } from '@edm2/tfjs-jit/graph';
import { expect, it } from 'vitest';
import { LOWERINGS } from './table.js';

/** Kernels of this engine's own passes. */
const OWN = ['FiniteOrZero', 'MeanSquare'];

it('every kernel has a lowering, and so have those that the passes make', () => {
  expect(KERNEL_NAMES.length).toBeGreaterThan(100);
  expect(Object.keys(LOWERINGS).sort()).toEqual([...KERNEL_NAMES, ...OWN].sort());
});
