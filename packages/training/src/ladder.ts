import { CONFIG_NAMES, type ConfigName } from '@edm2/edm2-unet';

/** How a config of the ladder is trained: what the network's vocabulary does not say. */
export interface TrainingRecipe {
  /** Reference rate α_ref, which ramp-up and decay start from. */
  readonly referenceRate: number;
  /** @deprecated `referenceRate`. Goes with 1.0. */
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
  /** What the paper found; none of a config that is not the paper's. */
  readonly paper?: PaperFigures | undefined;
}

/** Figures of a config in the paper's Table 1: size S on ImageNet-512 latents. */
export interface PaperFigures {
  /** EMA length with the lowest FID. */
  readonly sigmaRel: number;
  readonly fid: number;
  /** Millions of parameters. */
  readonly mparams: number;
  /** Gflops of a forward pass. */
  readonly gflops: number;
}

/** What a config's lines say: all but the older name. */
type Changes = Partial<Omit<TrainingRecipe, 'learningRate'>>;

/** The EDM baseline, B.1. */
const A: Omit<TrainingRecipe, 'learningRate'> = {
  referenceRate: 1e-4,
  decayBatches: 0,
  batch: 4096,
  beta2: 0.999,
  pMean: -1.2,
  pStd: 1.2,
  dropout: 0.1,
  lossScale: 100,
  uncertainty: false,
  emaHalfLife: 50e6,
  paper: { sigmaRel: 0.034, fid: 8.0, mparams: 295.9, gflops: 110.4 },
};

/** What each config's training changes. One that is not here is trained as the one before it. */
const CHANGES: { readonly [K in ConfigName]?: Changes } = {
  A,
  // Minor improvements, B.2.
  B: {
    referenceRate: 2e-4,
    batch: 2048,
    beta2: 0.99,
    pMean: -0.4,
    pStd: 1.0,
    uncertainty: true, // eq. 21
    emaHalfLife: undefined, // eq. 127
    paper: { sigmaRel: 0.09, fid: 7.24, mparams: 291.8, gflops: 100.4 },
  },
  // Architectural streamlining, B.3.
  C: { paper: { sigmaRel: 0.075, fid: 6.96, mparams: 277.8, gflops: 100.3 } },
  // Magnitude-preserving learned layers, B.4: a rate fit for weights of unit size.
  D: { referenceRate: 0.01, lossScale: 1, paper: { sigmaRel: 0.225, fid: 3.75, mparams: 277.8, gflops: 101.2 } },
  // Control of the effective learning rate, B.5. Eq. 67.
  E: { decayBatches: 70000, paper: { sigmaRel: 0.145, fid: 3.02, mparams: 277.8, gflops: 101.2 } },
  // Removal of group normalisations, B.6.
  F: { paper: { sigmaRel: 0.1, fid: 2.71, mparams: 280.2, gflops: 102.1 } },
  // Magnitude-preserving fixed-function layers, B.7.
  G: { dropout: 0, paper: { sigmaRel: 0.13, fid: 2.56, mparams: 280.2, gflops: 102.2 } },
};

/**
 * Recipes of configs in their order: each that of the one before with its changes. Figures of the paper are a config's own.
 *
 * @param names - the first of them has changes that are a whole recipe.
 */
function recipesOf<Name extends string>(
  names: readonly Name[],
  changes: { readonly [K in Name]?: Changes },
): Readonly<Record<Name, TrainingRecipe>> {
  const recipes: Partial<Record<Name, TrainingRecipe>> = {};
  let recipe = A;
  for (const name of names) {
    recipe = { ...recipe, paper: undefined, ...changes[name] };
    recipes[name] = { ...recipe, learningRate: recipe.referenceRate };
  }
  return recipes as Record<Name, TrainingRecipe>;
}

/**
 * How the ladder's configs are trained on ImageNet-512 latents at size S: each differs from the one before by exactly what its lines say.
 * All ramp the rate up over 10 million images, clamp activations at ±256, and take σ_data 0.5 and Adam's β1 0.9.
 *
 * @see Karras et al. 2024, Tables 1 and 6, Appendix B.
 */
export const trainingLadder: Readonly<Record<ConfigName, TrainingRecipe>> = recipesOf(CONFIG_NAMES, CHANGES);

/** Images that the paper trains each config on. */
export const LADDER_IMAGES = 2048 * 2 ** 20;
