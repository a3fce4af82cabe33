export type { Model, ModelGuidance, ModelImages, ModelSampleOptions, SaveOptions } from './model.js';
export { type OpenOptions, open } from './open.js';
export { OptionError } from './words.js';
