import { KERNEL_NAMES } from '@edm2/tfjs-jit/graph';
import { expect, it } from 'vitest';
import { LOWERINGS } from './table.js';

it('every kernel has a lowering, and nothing else has one', () => {
  expect(KERNEL_NAMES.length).toBeGreaterThan(100);
  expect(Object.keys(LOWERINGS).sort()).toEqual([...KERNEL_NAMES].sort());
});
