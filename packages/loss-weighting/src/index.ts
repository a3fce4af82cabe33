export {
  createLossByNoiseLevel,
  type LossByNoiseLevel,
  type LossByNoiseLevelOptions,
  type LossByNoiseLevelState,
  type NoiseLevelResult,
} from './by-noise-level.js';
export { type SampleSigmasOptions, sampleSigmas } from './noise-levels.js';
export {
  createUncertainty,
  type Params,
  type Uncertainty,
  type UncertaintyOptions,
  type UncertaintyParameter,
} from './uncertainty.js';
export { weightedLoss } from './weighted-loss.js';
export {
  edmWeight,
  type LossWeight,
  minSnrWeight,
  type SigmoidWeightOptions,
  type SnrWeightOptions,
  sigmoidWeight,
  softMinSnrWeight,
  type WeightOptions,
} from './weights.js';
