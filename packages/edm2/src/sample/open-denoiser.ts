import { precondition, type UNet } from '@edm2/edm2-unet';
import { loadNetwork } from '@edm2/edm2-unet/node';
import type { EngineReport } from '@edm2/engine';
import { readLatentMetadata } from '@edm2/latent-vae';
import { type Denoiser, guide } from '@edm2/sampler';
import { jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';

/** D(x; σ) of a snapshot. */
export interface OpenDenoiser {
  readonly path: string;
  readonly config: UNet['config'];
  /** Standard deviation of the data, as preconditioning takes it. */
  readonly sigmaData: number;
  /** The file's text fields. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly denoise: Denoiser;
  dispose(): void;
}

/** Reads a snapshot and compiles its denoiser with the weights as constants: normalised once. */
export async function openDenoiser(path: string, { engine }: Pick<EngineReport, 'engine'>): Promise<OpenDenoiser> {
  const { unet, params, metadata, ...loaded } = await loadNetwork(path);
  const sigmaData = latentSigmaData(metadata) ?? loaded.sigmaData;
  const denoise = precondition(unet, { sigmaData })(params);
  const compiled = jit(
    (x: tf.Tensor, sigma: tf.Tensor, labels: tf.Tensor | undefined) =>
      denoise(x as tf.Tensor4D, sigma as tf.Tensor1D, labels as tf.Tensor2D | undefined),
    engine ? { engine } : {},
  );
  return {
    path,
    config: unet.config,
    sigmaData,
    metadata,
    denoise: ((x, sigma, labels) => compiled(x, sigma, labels)) satisfies Denoiser,
    dispose() {
      compiled.dispose();
      tf.dispose(params);
    },
  };
}

/** Of a network on latents whose file was written before files said their σ_data: what the latents were standardised to. */
const latentSigmaData = (metadata: Readonly<Record<string, string>>): number | undefined =>
  metadata['sigmaData'] === undefined ? readLatentMetadata(metadata)?.normalizer.finalStd : undefined;

/** What {@link guided} needs of a network. */
export type GuidedNetwork = Pick<OpenDenoiser, 'path' | 'config' | 'denoise'>;

/** How far to go away from the guiding network, and at which noise levels. */
export interface Guidance {
  /** Strength, 1 = none. */
  readonly weight: number;
  /** `[lo, hi]`: only for noise levels in (lo, hi]. */
  readonly interval?: readonly [lo: number, hi: number] | undefined;
}

/**
 * The main denoiser led away from another one: autoguidance when that one takes the same labels, classifier-free guidance when it
 * takes none.
 *
 * @throws {RangeError} when the two are for other images, or other labels.
 */
export function guided(main: GuidedNetwork, away: GuidedNetwork | undefined, { weight, interval }: Guidance): Denoiser {
  if (!away || weight === 1) return main.denoise;
  const shapeOf = ({ config }: GuidedNetwork) =>
    `${config.imgResolution}×${config.imgResolution}×${config.imgChannels}`;
  if (shapeOf(main) !== shapeOf(away))
    throw new RangeError(
      `guided: expected a guiding network for ${shapeOf(main)} images, got ${shapeOf(away)} (${away.path}). Choose one trained on the same data.`,
    );
  const { labelDim } = away.config;
  if (labelDim !== 0 && labelDim !== main.config.labelDim)
    throw new RangeError(
      `guided: expected a guiding network with ${main.config.labelDim} classes or none, got ${labelDim} (${away.path}). Choose one trained on the same data.`,
    );
  const reference: Denoiser = labelDim === 0 ? (x, sigma) => away.denoise(x, sigma) : away.denoise;
  return guide({ main: main.denoise, guide: reference, weight, interval });
}
