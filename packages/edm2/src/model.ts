import type { UNet } from '@edm2/edm2-unet';
import type { EngineReport } from '@edm2/engine';
import type { Churn, Denoiser } from '@edm2/sampler';
import type { SOLVERS } from './sample/sample-pixels.js';

/** Leads a model away from another one: autoguidance by a worse one, classifier-free guidance by one without classes. */
export interface ModelGuidance {
  /** The guiding model. */
  readonly model: Model;
  /** Strength; 1: not guided. */
  readonly weight: number;
  /** `[lo, hi]`: guide only at noise levels in (lo, hi]. */
  readonly interval?: readonly [lo: number, hi: number] | undefined;
}

/** What is drawn, and how. */
export interface ModelSampleOptions {
  /** One image each: a seed is the same image in any batch, order or company. */
  readonly seeds: readonly number[];
  /** Class of every seed, one for each, or a function of the seed. Default: each seed draws its own from itself. */
  readonly classes?: number | readonly number[] | ((seed: number) => number) | undefined;
  /** Label rows, `[labelDim]`, in place of classes: mixtures of some, or none (all zero). */
  readonly labels?: readonly ArrayLike<number>[] | ((seed: number) => ArrayLike<number>) | undefined;
  readonly guidance?: ModelGuidance | undefined;
  /** Steps of the solver, default 32: Heun's method evaluates 2·steps − 1 times. */
  readonly steps?: number | undefined;
  /** Default `heun`. */
  readonly solver?: keyof typeof SOLVERS | undefined;
  /** Lowest noise level, default 0.002. */
  readonly sigmaMin?: number | undefined;
  /** Highest noise level, default 80. */
  readonly sigmaMax?: number | undefined;
  /** How much the steps crowd towards low noise, default 7. */
  readonly rho?: number | undefined;
  /** Stochastic sampling; default none. */
  readonly churn?: Churn | undefined;
  /** Images at a time, default 32. */
  readonly batch?: number | undefined;
  /** Called with the number of images done, and those under way in shares. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Stops after the evaluation that is under way; the loop ends with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Some of the images asked for. */
export interface ModelImages {
  readonly seeds: readonly number[];
  /** `[n, H, W, C]`, 0…255. */
  readonly images: Uint8Array;
  readonly shape: readonly [n: number, height: number, width: number, channels: number];
}

/** How {@link Model.saveGrid} and {@link Model.saveImages} write. */
export interface SaveOptions extends ModelSampleOptions {
  /** Replace what is there. Default false: that is an error. */
  readonly overwrite?: boolean | undefined;
}

/** A trained network, ready to be sampled. Call {@link Model.dispose} when it is done with. */
export interface Model {
  /** The network's file; one that was reconstructed for this model is gone by now. */
  readonly path: string;
  /** EMA length and where it is from, where `path` alone does not tell. */
  readonly how: string | undefined;
  /** Everything that `createUNet` was given. */
  readonly config: UNet['config'];
  /** The file's text fields. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly sigmaData: number;
  /** Number of classes; 0: it has none. */
  readonly classes: number;
  /** What computes. */
  readonly engine: Pick<EngineReport, 'engine'> & Partial<EngineReport>;
  /** What to be wary of: an average far from its name. */
  readonly warnings: readonly string[];
  /** D(x; σ): `[N, H, W, C]` images or latents, `[N]` noise levels, `[N, labelDim]` labels. Any sampler takes it. */
  readonly denoiser: Denoiser;
  /**
   * Draws images, one per seed, batch by batch; those of latents are decoded.
   *
   * @throws {RangeError} (rejects) when options do not fit the network or each other, or latents lack their autoencoder.
   */
  sample(options: ModelSampleOptions): AsyncGenerator<ModelImages, void, undefined>;
  /**
   * Draws images and writes them as one PNG, row by row.
   *
   * @param options - `columns`: images per row, default the square root of their number, rounded up.
   * @throws {RangeError} (rejects) when a file is there and `overwrite` was not asked for.
   */
  saveGrid(path: string, options: SaveOptions & { readonly columns?: number | undefined }): Promise<void>;
  /**
   * Draws images and writes a PNG each, `000123.png` for seed 123.
   *
   * @returns their paths.
   * @throws {RangeError} (rejects) when one is there and `overwrite` was not asked for.
   */
  saveImages(folder: string, options: SaveOptions): Promise<string[]>;
  /** Frees the network, and the autoencoder. */
  dispose(): void;
}
