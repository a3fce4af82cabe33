import * as tf from '@tensorflow/tfjs-core';

/** Numbers drawn from a seed, for tests: standard normal, or integers below `bound`. */
export function draw(
  seed: number,
  shape: readonly number[],
  kind: 'normal' | 'positive' | { below: number } = 'normal',
): tf.Tensor {
  let state = (seed * 2654435761 + 1) >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  const size = shape.reduce((product, n) => product * n, 1);
  if (typeof kind === 'object') {
    return tf.tensor(
      Int32Array.from({ length: size }, () => Math.floor(uniform() * kind.below)),
      [...shape],
      'int32',
    );
  }
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const values = Float32Array.from({ length: size }, normal);
  return tf.tensor(kind === 'positive' ? values.map((x) => Math.abs(x) + 0.1) : values, [...shape]);
}

/** Largest difference relative to the largest expected magnitude; NaN and infinities must agree exactly. */
export function difference(actual: tf.Tensor, expected: tf.Tensor): number {
  if (actual.shape.join() !== expected.shape.join() || actual.dtype !== expected.dtype) {
    throw new Error(`expected ${expected.dtype}[${expected.shape}], got ${actual.dtype}[${actual.shape}]`);
  }
  const a = actual.dataSync();
  const e = expected.dataSync();
  let scale = 1e-3;
  for (const x of e) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  let worst = 0;
  e.forEach((x, i) => {
    const y = a[i] ?? Number.NaN;
    if (!Number.isFinite(x)) worst = Object.is(x, y) ? worst : Number.POSITIVE_INFINITY;
    else worst = Math.max(worst, Number.isNaN(y) ? Number.POSITIVE_INFINITY : Math.abs(y - x) / scale);
  });
  return worst;
}

/** `fn` and its gradients with respect to the float inputs, at a fixed cotangent, as one function of tensors. */
export const withGradients =
  (fn: (...inputs: tf.Tensor[]) => tf.Tensor) =>
  (...inputs: tf.Tensor[]): tf.Tensor[] =>
    tf.tidy(() => {
      const floats = inputs.filter((x) => x.dtype === 'float32');
      const value = fn(...inputs);
      const weights = draw(77, value.shape);
      const objective = (...xs: tf.Tensor[]): tf.Scalar => {
        let next = 0;
        const all = inputs.map((x) => (x.dtype === 'float32' ? (xs[next++] as tf.Tensor) : x));
        return tf.sum(tf.mul(fn(...all), weights)) as tf.Scalar;
      };
      return [value, ...tf.grads(objective as (...xs: tf.Tensor[]) => tf.Scalar)(floats)];
    });
