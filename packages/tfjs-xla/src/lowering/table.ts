import { convolutions } from './conv.js';
import { elementwise } from './elementwise.js';
import type { Lowerings } from './emitter.js';
import { indexing } from './indexing.js';
import { matmul } from './matmul.js';
import { order } from './order.js';
import { pools } from './pool.js';
import { reductions } from './reduce.js';
import { resizing } from './resize.js';
import { shapes } from './shape.js';

/** From kernel to StableHLO. */
export const LOWERINGS: Lowerings = {
  ...elementwise,
  ...reductions,
  ...shapes,
  ...matmul,
  ...convolutions,
  ...pools,
  ...resizing,
  ...order,
  ...indexing,
};
