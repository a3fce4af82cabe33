export { emaStep, type Params, type Tracks } from './ema-step.js';
export { halfLifeEmaStep } from './half-life-step.js';
export { createHalfLifeEma, type TensorHalfLifeEma } from './half-life-tracker.js';
export { createPowerEma, type TensorPowerEma } from './tracker.js';
