import { KERNEL_NAMES, traceFunction } from '@edm2/tfjs-jit/graph';
import { lowerToOnnx } from '@edm2/tfjs-onnx';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { RULES } from './layout/rules.js';
import { LOWERINGS } from './lowering/table.js';

it('every kernel has a lowering, and nothing else has one', () => {
  expect(KERNEL_NAMES.length).toBeGreaterThan(100);
  expect(Object.keys(LOWERINGS).sort()).toEqual([...KERNEL_NAMES].sort());
});

it('every kernel says how it takes tensors that lie in another order, and nothing else does', () => {
  expect(Object.keys(RULES).sort()).toEqual([...KERNEL_NAMES].sort());
});

it('a kernel that it does not know is refused by its name', () => {
  const { graph } = traceFunction((x: tf.Tensor) => tf.neg(x), [tf.scalar(1)]);
  const unknown = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, kernel: 'Negate' })) };
  const options = { donated: new Set<number>(), state: [], dialect: 'standard', backend: 'cpu' } as const;
  expect(() => lowerToOnnx(unknown, options)).toThrow(
    /expected kernels that can be compiled, got Negate \(asked for by tf\.neg\), which has no lowering/,
  );
});
