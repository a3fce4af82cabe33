import type { Dataset } from '@edm2/dataset';
import { type AutoencoderKL, type MeasuredStatistics, measureRawStatistics } from '@edm2/latent-vae';
import { createRandom } from '@edm2/random';
import { type Engine, jit } from '@edm2/tfjs-jit';
import type { Params } from '@edm2/training';
import * as tf from '@tensorflow/tfjs-core';
import type { PixelBatch } from 'edm2/parts';

/** How well images come back from their latents. */
export interface Quality {
  readonly images: number;
  /** Mean of the images' peak signal-to-noise ratios in dB, `10·log₁₀(255²/MSE)`, decoded from the posteriors' means. */
  readonly psnr: number;
  /** The same, decoded from draws of the posteriors: what a diffusion model's latents are. */
  readonly psnrSampled: number;
}

/** What a look at some images gives. */
export interface Look {
  readonly quality: Quality;
  /** Of the latents, channel by channel. */
  readonly statistics: MeasuredStatistics;
  /** Deviation of all latents together, which `scaling_factor` is 1 over. */
  readonly latentStd: number;
  /** The first images, and what was decoded of their means. */
  readonly originals: PixelBatch;
  readonly decoded: PixelBatch;
}

/** Encodes and decodes images without training on them. */
export interface Looker {
  look(params: Params, dataset: Dataset, count: number, shown: number): Promise<Look>;
  dispose(): void;
}

/** A perfect image would have an infinite ratio: errors below a thousandth of a step of 8 bits do not show. */
const LEAST_MSE = 1e-6;

/** @param batch - images at a time. */
export function createLooker(vae: AutoencoderKL, engine: Engine | undefined, batch: number): Looker {
  const compiled = jit(
    (params: Params, pixels: tf.Tensor4D, noise: tf.Tensor4D) => {
      const { mean, std } = vae.encode(params, tf.div<tf.Tensor4D>(pixels, 255));
      const drawn = tf.add<tf.Tensor4D>(mean, tf.mul<tf.Tensor4D>(std, noise));
      // As codec.decode of the latents' package does.
      const decode = (latents: tf.Tensor4D): tf.Tensor4D =>
        tf.floor(tf.mul<tf.Tensor4D>(tf.clipByValue(vae.decode(params, latents), 0, 1), 255));
      const [means, draws] = [decode(mean), decode(drawn)];
      const error = (x: tf.Tensor4D): tf.Tensor => tf.mean(tf.squaredDifference(x, pixels), [1, 2, 3]);
      return { mean, std, means, meanError: error(means), drawError: error(draws) };
    },
    engine ? { engine } : {},
  );
  return {
    async look(params, dataset, count, shown) {
      const { resolution: side, channels } = dataset;
      const size = side * side * channels;
      const shape = [batch, side / vae.factor, side / vae.factor, vae.config.latentChannels] as const;
      const ratios: number[] = [];
      const sampled: number[] = [];
      const originals = new Uint8Array(shown * size);
      const decoded = new Uint8Array(shown * size);
      // Neighbours in a dataset look alike: any order will do, as long as it is always the same.
      const order = createRandom(0).stream('order').permutation(dataset.length);
      const read = (at: number) => dataset.read(order[at] ?? 0);
      async function* posteriors() {
        for (let begin = 0; begin < count; begin += batch) {
          const n = Math.min(batch, count - begin);
          const pixels = new Float32Array(batch * size);
          // The last batch is filled up, so that one compiled shape serves all.
          for (let i = 0; i < batch; i++) pixels.set(await read(begin + Math.min(i, n - 1)), i * size);
          const noise = createRandom(0)
            .stream('look', begin)
            .normal(shape[0] * shape[1] * shape[2] * shape[3]);
          const inputs = [tf.tensor4d(pixels, [batch, side, side, channels]), tf.tensor4d(noise, [...shape])] as const;
          const { mean, std, ...out } = compiled(params, ...inputs);
          const [meanError, drawError, means] = await Promise.all(
            [out.meanError, out.drawError, out.means].map((tensor) => tensor.data<'float32'>()),
          );
          for (let i = 0; i < n; i++) {
            ratios.push(decibels(meanError?.[i]));
            sampled.push(decibels(drawError?.[i]));
          }
          if (begin < shown) {
            const visible = Math.min(n, shown - begin) * size;
            originals.set(Uint8Array.from(pixels.subarray(0, visible)), begin * size);
            decoded.set(Uint8Array.from(means?.subarray(0, visible) ?? []), begin * size);
          }
          const real = { mean: tf.slice(mean, [0], [n]), std: tf.slice(std, [0], [n]) };
          tf.dispose([...inputs, mean, std, ...Object.values(out)]);
          yield real;
          tf.dispose(Object.values(real));
        }
      }
      const statistics = await measureRawStatistics(posteriors());
      const grid = [Math.min(shown, count), side, side, channels] as const;
      return {
        quality: { images: count, psnr: average(ratios), psnrSampled: average(sampled) },
        statistics,
        latentStd: deviationOf(statistics),
        originals: { data: originals.subarray(0, grid[0] * size), shape: grid },
        decoded: { data: decoded.subarray(0, grid[0] * size), shape: grid },
      };
    },
    dispose: () => compiled.dispose(),
  };
}

const decibels = (mse = Number.NaN): number => 10 * Math.log10(255 ** 2 / Math.max(mse, LEAST_MSE));

/** `√(E(σ²) + Var(μ))` over the channels. */
function deviationOf({ rawMean, rawStd }: MeasuredStatistics): number {
  const centre = average(rawMean);
  return Math.sqrt(average(rawStd.map((std, c) => std ** 2 + ((rawMean[c] as number) - centre) ** 2)));
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
