export { ForcedWeightNorm, forcedWeightNorm } from './forced-weight-norm.js';
export type { LayerArgs } from './layer-args.js';
export { MPFourier, type MPFourierArgs } from './mp-fourier-layer.js';
export { type BlendArgs, MPConcat, MPSilu, MPSum, PixelNorm } from './plain-layers.js';
export { registerMpLayers } from './register.js';
export type { WeightedLayerArgs } from './weighted-layer.js';
export { MPConv2D, type MPConv2DArgs, MPDense, type MPDenseArgs } from './weighted-layers.js';
