import type { LatentDescription } from '@edm2/latent-vae';
import { createLatentNormalizer } from '@edm2/latent-vae';
import type { createRandom } from '@edm2/random';

/** How a run's latents are made of what is stored. */
export interface LatentDrawing {
  readonly normalizer: LatentDescription['normalizer'];
  /** `sample`: of the posterior, anew in every epoch; `mean`: its mean. */
  readonly posterior: 'sample' | 'mean';
}

/** Stored latents of consecutive images, channels last, means before deviations. */
export interface StoredLatents {
  /** `[N, H, W, 2C]`. */
  readonly values: Float32Array;
  readonly shape: readonly [number, number, number, number];
  /** Image number of the first. */
  readonly startImage: number;
}

/**
 * What a step trains on, `(mean + std·noise)·scale + bias` by channel, each operation rounded to float32. The noise of the image at
 * number n depends on (seed, n) alone, whatever batch it is in: each epoch draws anew, and a resumed run draws the same.
 *
 * @returns `[N, H, W, C]`.
 */
export function drawLatents(
  { values, shape, startImage }: StoredLatents,
  { normalizer, posterior }: LatentDrawing,
  random: ReturnType<typeof createRandom>,
): Float32Array {
  const { scale, bias } = createLatentNormalizer(normalizer);
  const [count, height, width, stored] = shape;
  const channels = stored / 2;
  const each = height * width * channels;
  const latents = new Float32Array(count * each);
  for (let image = 0; image < count; image++) {
    const noise = posterior === 'sample' ? random.stream('posterior', startImage + image).normal(each) : undefined;
    for (let i = 0; i < each; i++) {
      const c = i % channels;
      const at = image * 2 * each + 2 * (i - c) + c;
      const drawn = noise ? Math.fround((values[at + channels] ?? 0) * (noise[i] ?? 0)) : 0;
      const raw = Math.fround((values[at] ?? 0) + drawn);
      latents[image * each + i] = Math.fround(raw * (scale[c] ?? 0)) + (bias[c] ?? 0);
    }
  }
  return latents;
}
