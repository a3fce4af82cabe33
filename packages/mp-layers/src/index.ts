export { type AttendOptions, attend, type CosineAttentionOptions, cosineAttention } from './cosine-attention.js';
export { mpCat } from './mp-cat.js';
export { type MpLayerOptions, mpConv2d } from './mp-conv2d.js';
export { mpDense } from './mp-dense.js';
export { fourier, mpFourier } from './mp-fourier.js';
export { mpSilu } from './mp-silu.js';
export { mpSum } from './mp-sum.js';
export { type NormalizeOptions, normalize, pixelNorm, weightNorm } from './normalize.js';
export { downsample2d, upsample2d } from './resample.js';
