/** What a network said of a batch: row-major values. */
export interface FeatureBatch {
  /** `[N, dims]`. */
  readonly features: Float32Array;
  /** `[N, classes]`, of Inception. */
  readonly logits?: Float32Array;
}

/** Runs a network on a full batch `[batch, size, size, 3]`. */
export type RunNetwork = (pixels: Float32Array) => FeatureBatch;

/**
 * Runs a network on up to `batch` images: a compiled network takes one size, so a short batch is filled up with zeros, whose features
 * are dropped.
 *
 * @param images - 1 to `batch` images, each `[size, size, 3]`.
 */
export function runBatch(run: RunNetwork, images: readonly Float32Array[], batch: number): FeatureBatch {
  const length = images[0]?.length ?? 0;
  const input = new Float32Array(batch * length);
  images.forEach((image, i) => {
    input.set(image, i * length);
  });
  const { features, logits } = run(input);
  const own = (values: Float32Array): Float32Array => values.slice(0, (values.length / batch) * images.length);
  return { features: own(features), ...(logits ? { logits: own(logits) } : {}) };
}
