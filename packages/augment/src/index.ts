export { type Affine, compose, IDENTITY, invert, rotate2d, scale2d, translate2d } from './affine.js';
export { type Augment, type Augmented, type AugmentOptions, createAugment } from './create-augment.js';
export type { Image } from './image.js';
export { moveOnGrid } from './move-on-grid.js';
export { resample } from './resample.js';
export {
  anisotropy,
  EDM_TRANSFORMS,
  quarterTurn,
  rotation,
  scaling,
  TRANSFORMS,
  type Transform,
  translation,
  wholeTranslation,
  xFlip,
  yFlip,
} from './transforms.js';
