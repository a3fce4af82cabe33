/** A feature network at full size: FID's Inception, or DINOv2 of two sizes. */
export type FeatureNet = 'inception' | 'dinov2-vits14' | 'dinov2-vitl14';

/** One call of it. */
export interface FeatureWork {
  readonly net: FeatureNet;
  readonly batch: number;
  /** Holds {@link WEIGHTS} and {@link IMAGES}, the same for both sides. */
  readonly folder: string;
}

/** Shapes of DINOv2's sizes. */
export const VISION_TRANSFORMERS = {
  'dinov2-vits14': { dim: 384, depth: 12, heads: 6 },
  'dinov2-vitl14': { dim: 1024, depth: 24, heads: 16 },
} as const;

/** Side of the pixels that a network takes. */
export const sideOf = (net: FeatureNet): number => (net === 'inception' ? 299 : 224);

/** Made-up weights, in the published files' names and layouts. */
export const WEIGHTS = 'weights.safetensors';
/** `images` `[batch, side, side, 3]`, 0…255. */
export const IMAGES = 'images.safetensors';

/** The Fréchet distance between two sets of statistics. */
export interface DistanceWork {
  /** `.npz`, as pytorch-fid writes them. */
  readonly files: readonly [string, string];
  /** LAPACK to use; typed arrays without. */
  readonly library?: string | undefined;
}
