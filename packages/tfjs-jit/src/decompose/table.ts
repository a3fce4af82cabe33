import { angles } from './angles.js';
import { blocks } from './blocks.js';
import { counting } from './counting.js';
import type { Decompositions } from './decomposition.js';
import { dilation } from './dilation.js';
import { einsum } from './einsum.js';
import { fused } from './fused.js';
import { images } from './images.js';
import { normalization } from './normalization.js';
import { scan } from './scan.js';
import { shapeForms } from './shapes.js';
import { volumes } from './volumes.js';

/** Kernels that are recorded as several simpler ones, always or in some of their forms. */
export const DECOMPOSITIONS: Decompositions = {
  ...angles,
  ...blocks,
  ...counting,
  ...dilation,
  ...einsum,
  ...fused,
  ...images,
  ...normalization,
  ...scan,
  ...shapeForms,
  ...volumes,
};
