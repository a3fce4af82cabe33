import { engine, type Tensor } from '@tensorflow/tfjs-core';

/** What TensorFlow.js notes of one differentiable call. */
export type TapeNode = ReturnType<typeof engine>['state']['activeTape'][number];

/** True when calls are being noted for a gradient. */
export function isTaping(): boolean {
  const { gradientDepth, kernelDepth } = engine().state;
  return gradientDepth > 0 && kernelDepth === 0;
}

/** Runs `fn` with a tape of its own; the tape in progress notes nothing of it. What the tape saved is disposed. */
export function apart<T>(fn: () => T): { result: T; tape: readonly TapeNode[] } {
  const { state } = engine();
  const outer = state.activeTape;
  const tape: TapeNode[] = [];
  state.activeTape = tape;
  try {
    return { result: fn(), tape };
  } finally {
    state.activeTape = outer;
    for (const node of tape) for (const tensor of node.saved ?? []) tensor.dispose();
  }
}

/** Gradients inside a gradient function, which TensorFlow.js's own `tf.grads` would end the tape in progress for. */
export function gradientsInside(
  fn: () => Tensor,
  xs: readonly Tensor[],
  dy: Tensor | undefined,
): (Tensor | undefined)[] {
  const { state } = engine();
  const outer = state.activeTape;
  try {
    const { value, grads } = engine().gradients(fn, [...xs], dy, true);
    value.dispose();
    return grads;
  } finally {
    state.activeTape = outer;
  }
}
