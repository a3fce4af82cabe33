/** Images of published FID and FD_DINOv2 figures. */
const PUBLISHED = 50_000;

/** Below this, FID of one model differs visibly from its value at 50,000 images. */
const COMPARABLE = 10_000;

/**
 * What is wrong with a figure from so few images, as a sentence to print beside it.
 *
 * @param n - images of the smaller set.
 * @param dims - width of the features.
 * @returns undefined when n is large enough.
 */
export function sampleSizeWarning(n: number, dims: number): string | undefined {
  if (n <= dims) {
    return `${n} images for ${dims} feature dimensions: the covariance is singular and the distance mostly bias. Use at least ${COMPARABLE} images, or the kernel distance.`;
  }
  if (n < COMPARABLE) {
    return `${n} images: distances are biased upwards at this size, so compare only with figures of as many images. Published ones take ${PUBLISHED}.`;
  }
  return undefined;
}
