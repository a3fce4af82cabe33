import { customGrad, engine, type Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { isTracing } from '../trace/trace.js';

/**
 * The same tensor, which a compiled function has only once every tensor of `after` is there: what is computed from it is
 * not merged with what was computed before, and not computed early. Op by op, where order is what it is, nothing happens.
 */
export const barrier = (tensor: Tensor, after: readonly Tensor[]): Tensor =>
  isTracing() ? wait(tensor, ...after) : tensor;

const wait = /* @__PURE__ */ customGrad((...args) => {
  const tensors = args.slice(0, -1) as Tensor[];
  return {
    value: tidy('checkpoint', () => engine().runKernel<Tensor>('Barrier', { ...tensors } as never)),
    gradFunc: (dy: Tensor) => [dy, ...tensors.slice(1).map((other) => zerosLike(other))],
  };
});
