export { createDinov2, type Dinov2, type Dinov2ApplyOptions, type Dinov2Options } from './create-dinov2.js';
export { type PixelImage, resizePixels } from './resize-pixels.js';
