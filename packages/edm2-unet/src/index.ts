export { admBlock } from './adm-block.js';
export type { Balances } from './balances.js';
export { resolveConfig, type UNetConfig, type UNetOptions } from './config.js';
export { countFlops, type FlopCount } from './count.js';
export { edm2Block } from './edm2-block.js';
export { fanInUniform, unitNormal, zeroLastLayers } from './initializers.js';
export { CONFIG_NAMES, CONFIG_STEPS, type ConfigName, identity, ladder, plainCat, plainSum, silu } from './ladder.js';
export { normalizedLayer, plainLayer } from './learned-layers.js';
export {
  type Block,
  type BlockFactory,
  type BlockPlan,
  type LayerOptions,
  type LayerSpec,
  type Network,
  type ParameterSpec,
  type Params,
  type Part,
  type Run,
  startNetwork,
} from './network.js';
export { fourierFeatures, mpFourierFeatures, positionFeatures } from './noise-features.js';
export { affineGroupNorm, noNorm, rmsGroupNorm } from './norms.js';
export { countParameters, type Described, forceWeightNorm, initParams } from './parameters.js';
export type { Plan } from './plan.js';
export { type Denoise, type PreconditionOptions, precondition } from './precondition.js';
export { type Preset, type PresetName, presets } from './presets.js';
export { parseSwitch, SWITCH_NAMES, type Switches, type SwitchName, switchesOf, switchValues } from './switches.js';
export {
  type ApplyOptions,
  type Checkpoint,
  createUNet,
  type DropoutMask,
  type UNet,
  type VocabularyOption,
} from './unet.js';
export type { Vocabulary } from './vocabulary.js';
export type { InitSite, LayerRole, LayerUse, LearnedLayer, NoiseFeatures, Norm, Pointwise, Words } from './words.js';
