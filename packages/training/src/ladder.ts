import type { ConfigName } from '@edm2/edm2-unet';

/** How a config of the ladder is trained: what the network's vocabulary does not say. */
export interface TrainingRecipe {
  /** Reference learning rate α_ref. */
  readonly learningRate: number;
  /** Batches t_ref after which the rate decays; 0: never. */
  readonly decayBatches: number;
  /** Images per step. */
  readonly batch: number;
  /** Adam's second decay. */
  readonly beta2: number;
  /** Mean and standard deviation of ln σ. */
  readonly pMean: number;
  readonly pStd: number;
  /** Probability of dropping an activation. */
  readonly dropout: number;
  /** Factor of the loss before gradients are taken, not divided out again: keeps 16-bit gradients from vanishing. */
  readonly lossScale: number;
  /** Whether the loss learns its uncertainty (eq. 21), or is EDM's. */
  readonly uncertainty: boolean;
  /** Half-life in images of the traditional average that the config is sampled with; none: a power-function average (eq. 127). */
  readonly emaHalfLife?: number | undefined;
  /** EMA length with the lowest FID in the paper. */
  readonly paperSigmaRel: number;
  /** FID in the paper. */
  readonly paperFid: number;
  /** Millions of parameters and Gflops of a forward pass in the paper. */
  readonly paperMparams: number;
  readonly paperGflops: number;
}

/** The EDM baseline, B.1. */
const A: TrainingRecipe = {
  learningRate: 1e-4,
  decayBatches: 0,
  batch: 4096,
  beta2: 0.999,
  pMean: -1.2,
  pStd: 1.2,
  dropout: 0.1,
  lossScale: 100,
  uncertainty: false,
  emaHalfLife: 50e6,
  paperSigmaRel: 0.034,
  paperFid: 8.0,
  paperMparams: 295.9,
  paperGflops: 110.4,
};

/** Minor improvements, B.2. */
const B: TrainingRecipe = {
  ...A,
  learningRate: 2e-4,
  batch: 2048,
  beta2: 0.99,
  pMean: -0.4,
  pStd: 1.0,
  uncertainty: true, // eq. 21
  emaHalfLife: undefined, // eq. 127
  paperSigmaRel: 0.09,
  paperFid: 7.24,
  paperMparams: 291.8,
  paperGflops: 100.4,
};

/** Architectural streamlining, B.3. */
const C: TrainingRecipe = { ...B, paperSigmaRel: 0.075, paperFid: 6.96, paperMparams: 277.8, paperGflops: 100.3 };

/** Magnitude-preserving learned layers, B.4: a rate fit for weights of unit size. */
const D: TrainingRecipe = {
  ...C,
  learningRate: 0.01,
  lossScale: 1,
  paperSigmaRel: 0.225,
  paperFid: 3.75,
  paperGflops: 101.2,
};

/** Control of the effective learning rate, B.5. Eq. 67. */
const E: TrainingRecipe = { ...D, decayBatches: 70000, paperSigmaRel: 0.145, paperFid: 3.02 };

/** Removal of group normalisations, B.6. */
const F: TrainingRecipe = { ...E, paperSigmaRel: 0.1, paperFid: 2.71, paperMparams: 280.2, paperGflops: 102.1 };

/** Magnitude-preserving fixed-function layers, B.7. */
const G: TrainingRecipe = { ...F, dropout: 0, paperSigmaRel: 0.13, paperFid: 2.56, paperGflops: 102.2 };

/**
 * How configs A to G are trained on ImageNet-512 latents at size S: each differs from the one before by exactly what its lines say.
 * All ramp the rate up over 10 million images, clamp activations at ±256, and take σ_data 0.5 and Adam's β1 0.9.
 *
 * @see Karras et al. 2024, Tables 1 and 6, Appendix B.
 */
export const trainingLadder: Readonly<Record<ConfigName, TrainingRecipe>> = { A, B, C, D, E, F, G };

/** Images that the paper trains each config on. */
export const LADDER_IMAGES = 2048 * 2 ** 20;
