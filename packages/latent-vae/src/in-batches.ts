import { known } from '@edm2/options';
import * as tf from '@tensorflow/tfjs-core';

/** Options of {@link inBatches}. */
export interface InBatchesOptions {
  /** Rows of one call. Default 8. */
  readonly batch?: number;
  /** Called after each call. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Stops before the next call; rejects with the signal's reason, and nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Applies a function of images to many, a batch at a time: `inBatches(codec.decode, latents, { batch: 4 })`. Every call has
 * the same number of rows (the last is filled up with repeats, which are dropped), so a compiled function is compiled once.
 * The results wait in JavaScript's memory, not in the engine's.
 *
 * @param fn - `[batch, …] → [batch, …]`; what it returns is disposed.
 * @param x - `[N, …]`, N ≥ 1; left as it is.
 * @param noise - second argument of `fn`, `[N, …]`: `codec.encode`'s noise.
 * @returns new tensor `[N, …]`.
 * @throws {RangeError} when batch is not a positive whole number, x is empty, or noise has another number of rows.
 */
export async function inBatches<T extends tf.Tensor>(
  fn: (x: T, noise?: T) => tf.Tensor | Promise<tf.Tensor>,
  x: T,
  options: InBatchesOptions & { readonly noise?: T | undefined } = {},
): Promise<T> {
  const names = { batch: true, onProgress: true, signal: true, noise: true } as const;
  const { batch = 8, onProgress, signal, noise } = known('inBatches', options, names);
  const rows = x.shape[0] ?? 0;
  if (!Number.isInteger(batch) || batch < 1 || rows < 1)
    throw new RangeError(
      `inBatches: expected batch to be a whole number of at least 1 and x to have rows, got ${batch} and [${x.shape}].`,
    );
  if (noise && noise.shape[0] !== rows)
    throw new RangeError(`inBatches: expected noise with ${rows} rows, got [${noise.shape}]. One for each of x.`);
  const size = Math.min(batch, rows);
  let shape: number[] = [];
  let values = new Float32Array();
  for (let begin = 0; begin < rows; begin += size) {
    signal?.throwIfAborted();
    const count = Math.min(size, rows - begin);
    const part = take(x, begin, count, size);
    const drawn = noise && take(noise, begin, count, size);
    let result: tf.Tensor | undefined;
    try {
      result = await (drawn ? fn(part, drawn) : fn(part));
      const data = await result.data<'float32'>();
      const each = data.length / size;
      if (begin === 0) {
        shape = [rows, ...result.shape.slice(1)];
        values = new Float32Array(rows * each);
      }
      values.set(data.subarray(0, count * each), begin * each);
    } finally {
      tf.dispose([part, drawn, result].filter((tensor) => tensor !== undefined));
    }
    onProgress?.(begin + count, rows);
  }
  return tf.tensor(values, shape) as T;
}

/** Rows `begin` … `begin + count`, and the last of them again until there are `size`. */
function take<T extends tf.Tensor>(x: T, begin: number, count: number, size: number): T {
  return tf.tidy(() => {
    const part = tf.slice(x, [begin], [count]);
    if (count === size) return tf.clone(part);
    const last = tf.slice(x, [begin + count - 1], [1]);
    return tf.concat([part, ...Array.from({ length: size - count }, () => last)], 0);
  }) as T;
}
