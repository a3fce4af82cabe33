import { engine, type Tensor, Variable } from '@tensorflow/tfjs-core';

const REMEDY =
  'Return the new value, and assign it outside. (A tf.layers BatchNormalization assigns its averages while training: ' +
  'apply the model with { training: false }.)';

/**
 * Refuses, at the line that does it, what would let a symbolic tensor outlive its trace: making, assigning or disposing a
 * `tf.Variable`. Tensors that are kept, by `tf.keep` or by a gradient that an error cut short, are let go at the end.
 *
 * @param isSymbolic - whether a tensor belongs to the trace.
 * @returns ends the guard.
 */
export function guardTrace(isSymbolic: (tensor: Tensor) => boolean): () => void {
  const tf = engine();
  const { disposeTensor, keep } = tf;
  const kept: Tensor[] = [];
  tf.keep = <T extends Tensor>(tensor: T): T => {
    kept.push(tensor);
    return keep.call(tf, tensor) as T;
  };
  tf.makeVariable = () => {
    throw new Error(
      'jit: expected a function that makes no variables, got tf.variable. Make it before the call and close over it; an ' +
        'optimizer makes its own on first use: apply gradients outside.',
    );
  };
  tf.disposeTensor = (tensor: Tensor): void => {
    // Assigning lets the old value go first, so nothing has changed yet.
    if (tensor instanceof Variable) {
      throw new Error(
        `jit: expected a function that leaves variables alone, got an assignment to (or the end of) '${tensor.name}'. ${REMEDY}`,
      );
    }
    disposeTensor.call(tf, tensor);
  };
  return () => {
    // The methods of the class show again.
    Reflect.deleteProperty(tf, 'makeVariable');
    Reflect.deleteProperty(tf, 'disposeTensor');
    Reflect.deleteProperty(tf, 'keep');
    for (const tensor of kept) if (!tensor.isDisposed && isSymbolic(tensor)) tensor.dispose();
  };
}
