/** Of every group norm of diffusers' autoencoders. */
const EPS = 1e-6;

/** Mean and squared distances of each channel over all pixels seen, float64. */
export interface ChannelSums {
  /** @param means - of each channel over so many more pixels. @param variances - around these means. */
  add(means: ArrayLike<number>, variances: ArrayLike<number>, pixels: number): void;
  /**
   * What a group norm does to each channel: `(x − mean)·scale`, scale `1/√(variance + 1e-6)`, both of its group.
   *
   * @param groups - divides the number of channels.
   */
  norm(groups: number): { mean: Float64Array; scale: Float64Array };
}

/** Starts sums of so many channels; parts are merged as Chan et al. do, in any order. */
export function startChannelSums(channels: number): ChannelSums {
  const mean = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let seen = 0;
  return {
    add(means, variances, pixels) {
      const total = seen + pixels;
      for (let c = 0; c < channels; c++) {
        const apart = (means[c] ?? Number.NaN) - (mean[c] as number);
        mean[c] = (mean[c] as number) + (apart * pixels) / total;
        squares[c] =
          (squares[c] as number) + (variances[c] ?? Number.NaN) * pixels + (apart ** 2 * seen * pixels) / total;
      }
      seen = total;
    },
    norm(groups) {
      const size = channels / groups;
      const means = new Float64Array(channels);
      const scales = new Float64Array(channels);
      for (let first = 0; first < channels; first += size) {
        const own = mean.subarray(first, first + size);
        const centre = own.reduce((sum, value) => sum + value, 0) / size;
        const between = own.reduce((sum, value) => sum + (value - centre) ** 2, 0) / size;
        const within = squares.subarray(first, first + size).reduce((sum, value) => sum + value, 0) / (size * seen);
        means.fill(centre, first, first + size);
        scales.fill(1 / Math.sqrt(between + within + EPS), first, first + size);
      }
      return { mean: means, scale: scales };
    },
  };
}
