import { elementwise } from './elementwise.js';
import { indexing } from './indexing.js';
import { matmul } from './matmul.js';
import { order } from './order.js';
import { reductions } from './reduce.js';
import { shapes } from './shape.js';
import type { KernelSpecs } from './spec.js';
import { windows } from './window.js';

/** Every kernel that the tracer understands, by TensorFlow.js kernel name. */
export const KERNELS: KernelSpecs = {
  ...elementwise,
  ...reductions,
  ...matmul,
  ...shapes,
  ...windows,
  ...order,
  ...indexing,
};

/** Names of the kernels that a graph may hold: an engine has a lowering for each. */
export const KERNEL_NAMES: readonly string[] = Object.keys(KERNELS);
