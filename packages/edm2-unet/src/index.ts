export { resolveConfig, type UNetConfig, type UNetOptions } from './config.js';
export { type ConfigName, identity, ladder, plainCat, plainSum, silu } from './ladder.js';
export type { LayerSpec, ParameterSpec, Params } from './network.js';
export { countParameters, forceWeightNorm, initParams } from './parameters.js';
export { type Denoise, type PreconditionOptions, precondition } from './precondition.js';
export { type Preset, type PresetName, presets } from './presets.js';
export { type ApplyOptions, createUNet, type DropoutMask, type UNet, type VocabularyOption } from './unet.js';
export type { Vocabulary } from './vocabulary.js';
