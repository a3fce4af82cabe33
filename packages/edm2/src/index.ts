export type { Model, ModelGuidance, ModelImages, ModelSampleOptions, SaveOptions } from './model.js';
export { type OpenOptions, open } from './open.js';
export { type ModelScore, type ScoreOptions, score } from './score.js';
export type { TrainOptions } from './start-training.js';
export { train } from './train.js';
export type { TrainEvent } from './train-events.js';
export { OptionError } from './words.js';
