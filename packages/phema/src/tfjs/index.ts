export type { Params } from '@edm2/tensor-files/tfjs';
export type { Average, AverageTime } from './average.js';
export { emaStep, halfLifeEmaStep, type Tracks } from './ema-step.js';
export { type HalfLifeAverageOptions, halfLifeEma } from './half-life-ema.js';
export { createHalfLifeEma, type TensorHalfLifeEma } from './half-life-tracker.js';
export { powerEma } from './power-ema.js';
export { createPowerEma, type TensorPowerEma } from './tracker.js';
