import type { Dataset } from '@edm2/dataset';
import type { FeatureNetwork } from 'edm2/parts';

/** How images are compared. */
export interface Look {
  /** What distances are taken on, for people. */
  readonly name: string;
  readonly dims: number;
  /** @returns `[indices, dims]`. */
  at(dataset: Dataset, indices: readonly number[]): Promise<Float32Array>;
}

/** Pixels as they are, 0 … 1, such that a distance is the root of the mean squared difference. */
export const lookAtPixels = ({ resolution, channels }: Dataset): Look => {
  const dims = resolution * resolution * channels;
  const unit = 1 / (255 * Math.sqrt(dims));
  return {
    name: 'pixels, root mean square, 0 … 1',
    dims,
    async at(dataset, indices) {
      const values = new Float32Array(indices.length * dims);
      for (const [i, index] of indices.entries())
        values.set(
          Float32Array.from(await dataset.read(index), (value) => value * unit),
          i * dims,
        );
      return values;
    },
  };
};

/** Features of a network. */
export const lookWith = (network: FeatureNetwork): Look => ({
  name: `features of ${network.name}`,
  dims: network.dims,
  async at(dataset, indices) {
    const { resolution: side, channels } = dataset;
    const each = side * side * channels;
    const data = new Uint8Array(indices.length * each);
    for (const [i, index] of indices.entries()) data.set(await dataset.read(index), i * each);
    return (await network.judge({ data, shape: [indices.length, side, side, channels] })).features;
  },
});
