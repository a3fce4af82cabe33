export type { EmaTime, Values } from './averages.js';
export { type HalfLife, halfLifeEmaShare } from './half-life.js';
export {
  createHalfLifeEma,
  type HalfLifeEma,
  type HalfLifeEmaOptions,
} from './half-life-tracker.js';
export type { HalfLifeEmaState } from './one-average.js';
export { type Plan, type PlanOptions, type PlanRow, planSnapshots, predict, USEFUL_SIGMA_RELS } from './plan.js';
export {
  gammaToSigmaRel,
  MAX_SIGMA_REL,
  type Profile,
  powerEmaBeta,
  powerEmaShare,
  profileDot,
  sigmaRelToGamma,
} from './profile.js';
export type { StoredProfile } from './sparse-updates.js';
export { prepareSynthesis, type Synthesis, type SynthesisOptions, synthesisWeights } from './synthesis.js';
export { createPowerEma, type PowerEma, type PowerEmaOptions, type PowerEmaState } from './tracker.js';
export type { Tree } from './tree.js';
