import type { ImageFeatures, MetricInput } from './metric.js';

/** Features of the generated images. @throws {RangeError} when they were not kept. */
export const fakeFeatures = (metric: string, { fake }: MetricInput) => given(metric, fake, 'features', 'generated');

/** Features of the real images. @throws {RangeError} when they were not kept. */
export const realFeatures = (metric: string, { real }: MetricInput) => given(metric, real, 'features', 'real');

/** Logits of the generated images. @throws {RangeError} when they were not kept, or the network does not classify. */
export function fakeLogits(metric: string, { fake, network }: MetricInput) {
  if (fake.logits) return fake.logits;
  throw new RangeError(
    `${metric}: expected the class logits of every generated image, got none of ${network.name}. Take images, not statistics, and a network that classifies, such as Inception.`,
  );
}

function given(metric: string, set: ImageFeatures, what: 'features', kind: string) {
  const values = set[what];
  if (values) return values;
  throw new RangeError(
    `${metric}: expected the features of every ${kind} image, got statistics alone. Take images, or statistics that were made with --keep-features.`,
  );
}
